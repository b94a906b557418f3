// What a client says, as bytes of protocol.fbs.
import { Builder, Offset } from "flatbuffers";
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

const builder = new Builder(1024);

function message(kind: wire.Body, body: (b: Builder) => Offset): Uint8Array {
  builder.clear();
  const offset = body(builder);
  wire.Message.startMessage(builder);
  wire.Message.addBodyType(builder, kind);
  wire.Message.addBody(builder, offset);
  builder.finish(wire.Message.endMessage(builder), "TRM1");
  return builder.asUint8Array().slice(); // the builder is used again
}

const text = (b: Builder, value?: string): Offset => (value === undefined || value === "" ? 0 : b.createString(value));

export function composeJoin(join: JoinRequest, have: Have, fingerprint: bigint, promptAcks: boolean): Uint8Array {
  return message(wire.Body.Join, (b) =>
    wire.Join.createJoin(
      b, 1, join.mode, text(b, join.roomId), text(b, join.type), text(b, join.playerId), join.role ?? wire.Role.Player,
      text(b, join.options), text(b, join.ticket), text(b, join.session), fingerprint, have.term, have.tick, have.event,
      have.direct, promptAcks, text(b, join.metadata),
    ));
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

function composeAction(b: Builder, action: Action): Offset {
  const { component } = action;
  const { mask, data } = component === undefined
    ? { mask: 0n, data: action.data }
    : packFields(component, action.told as Uint8Array, action.values as Stored[]);
  const dataAt = data === undefined ? 0 : wire.Action.createDataVector(b, data);
  const type = text(b, action.type);
  const to = action.to === undefined ? 0 : wire.Action.createToVector(b, [...action.to]);
  return wire.Action.createAction(
    b, action.kind, action.flags ?? 0, component?.index ?? 0, action.seq, action.entity, mask, dataAt,
    type, action.audience ?? wire.Audience.Default, to, action.request ?? 0,
  );
}

export function composeUpdate(have: Have, actions: readonly Action[]): Uint8Array {
  return message(wire.Body.Update, (b) => {
    const list = actions.length === 0 ? 0 : wire.Update.createActionsVector(b, actions.map((action) => composeAction(b, action)));
    wire.Update.startUpdate(b);
    wire.Update.addAck(b, wire.Ack.createAck(b, have.tick, have.event, have.direct));
    if (list !== 0) wire.Update.addActions(b, list);
    return wire.Update.endUpdate(b);
  });
}

export const composePing = (clientUs: bigint) => message(wire.Body.Ping, (b) => wire.Ping.createPing(b, clientUs));
export const composePace = (bytesPerS: number) => message(wire.Body.Pace, (b) => wire.Pace.createPace(b, bytesPerS));
export const composeLeave = () => message(wire.Body.Leave, (b) => wire.Leave.createLeave(b, 0));
export const composeResync = (tick: number, have: Have) =>
  message(wire.Body.Resync, (b) => wire.Resync.createResync(b, tick, have.event, have.direct));
export const composeListRooms = (type: string, metadata: string) =>
  message(wire.Body.ListRooms, (b) => wire.ListRooms.createListRooms(b, 1, text(b, type), text(b, metadata)));
