// What a client says, as bytes of protocol.fbs.
import { write } from "../buffer/write.js";
import { FieldValue, widthOf } from "../state/field.js";
import { Component, Stored } from "../state/component.js";
import { writeNative } from "../state/native.js";
import * as wire from "../wire/index.js";
import { Action } from "./action.js";

/** The newest of everything that was applied. */
export interface Have {
  term: number;
  tick: number;
  event: number;
  direct: number;
}

export interface JoinRequest {
  readonly mode: wire.JoinMode;
  readonly roomId?: string;
  readonly type?: string;
  readonly ticket?: string;
  readonly session?: string;
  readonly playerId?: string;
  readonly role?: wire.Role;
  readonly options?: string; // JSON
  readonly metadata?: string; // JSON
}

const message = (bodyType: wire.Body, body: object): Uint8Array => write(wire.Root.Message, "TRM1", { bodyType, body });

export function composeJoin(join: JoinRequest, have: Have, fingerprint: bigint, promptAcks: boolean): Uint8Array {
  const { term: haveTerm, tick: haveTick, event: haveEvent, direct: haveDirect } = have;
  return message(wire.Body.Join, { ...join, fingerprint, haveTerm, haveTick, haveEvent, haveDirect, promptAcks });
}

/** The told fields in field order, native width; an opaque component's value as it is. */
export function packFields(component: Component, told: ArrayLike<number>, values: readonly Stored[]): { mask: bigint; data: Uint8Array } {
  if (component.opaque) return { mask: 1n, data: values[0] as Uint8Array };
  const data = new Uint8Array(component.fields.reduce((sum, { type }, f) => sum + (told[f] === 1 ? widthOf(type) : 0), 0));
  const view = new DataView(data.buffer);
  let mask = 0n;
  let at = 0;
  component.fields.forEach(({ type }, f) => {
    if (told[f] !== 1) return;
    writeNative(type, view, at, values[f] as FieldValue);
    at += widthOf(type);
    mask |= 1n << BigInt(f);
  });
  return { mask, data };
}

function actionOf(action: Action): object {
  const { component } = action;
  if (component === undefined) return action;
  return { ...action, component: component.index, ...packFields(component, action.told as Uint8Array, action.values as Stored[]) };
}

export const composeUpdate = (ack: Have, actions: readonly Action[]) =>
  message(wire.Body.Update, { ack, actions: actions.length === 0 ? undefined : actions.map(actionOf) });
export const composePing = (clientUs: bigint) => message(wire.Body.Ping, { clientUs });
export const composePace = (bytesPerS: number) => message(wire.Body.Pace, { bytesPerS });
export const composeLeave = () => message(wire.Body.Leave, {});
export const composeResync = (tick: number, { event, direct }: Have) => message(wire.Body.Resync, { tick, event, direct });
export const composeListRooms = (type: string, metadata: string) => message(wire.Body.ListRooms, { request: 1, type, metadata });
