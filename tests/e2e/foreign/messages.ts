// What a client says, as bytes of protocol.fbs, and what it hears.
import { Builder, Offset } from "flatbuffers";
import * as wire from "./wire";

export interface Have {
  tick: number;
  event: number;
  direct: number;
}

export interface Action {
  kind: wire.ActionKind;
  seq: number;
  flags?: number;
  component?: number;
  entity?: number;
  mask?: bigint;
  data?: Uint8Array;
  type?: string;
  audience?: wire.Audience;
  to?: number[];
  request?: number;
}

export interface Join {
  mode?: wire.JoinMode;
  type?: string;
  roomId?: string;
  playerId?: string;
  role?: wire.Role;
  options?: string;
  ticket?: string;
  metadata?: string;
  session?: string;
  fingerprint?: bigint;
  term?: number;
  have?: Have;
}

export interface Heard {
  kind: wire.EventKind;
  player: number;
  type: string;
  data: Uint8Array;
  request: number;
  direct: boolean;
}

export interface Room {
  id: string;
  type: string;
  players: number;
  maxPlayers: number;
}

export interface Closed {
  code: number;
  reason: string;
}

function message(kind: wire.Body, body: (b: Builder) => Offset): Uint8Array {
  const b = new Builder(256);
  const offset = body(b);
  wire.Message.startMessage(b);
  wire.Message.addBodyType(b, kind);
  wire.Message.addBody(b, offset);
  b.finish(wire.Message.endMessage(b), "TRM1");
  return b.asUint8Array();
}

const text = (b: Builder, value?: string): Offset => (value === undefined ? 0 : b.createString(value));

export const encodeJoin = (join: Join) =>
  message(wire.Body.Join, (b) => {
    const { have = { tick: 0, event: 0, direct: 0 } } = join;
    return wire.Join.createJoin(
      b, 1, join.mode ?? wire.JoinMode.JoinOrCreate, text(b, join.roomId), text(b, join.type), text(b, join.playerId),
      join.role ?? wire.Role.Player, text(b, join.options), text(b, join.ticket), text(b, join.session),
      join.fingerprint ?? 0n, join.term ?? 0, have.tick, have.event, have.direct, false, text(b, join.metadata));
  });

function encodeAction(b: Builder, action: Action): Offset {
  const data = action.data ? wire.Action.createDataVector(b, action.data) : 0;
  const type = text(b, action.type);
  const to = action.to ? wire.Action.createToVector(b, action.to) : 0;
  return wire.Action.createAction(
    b, action.kind, action.flags ?? 0, action.component ?? 0, action.seq, action.entity ?? 0, action.mask ?? 0n, data, type,
    action.audience ?? wire.Audience.Default, to, action.request ?? 0);
}

export const encodeUpdate = (have: Have, actions: Action[]) =>
  message(wire.Body.Update, (b) => {
    const list = wire.Update.createActionsVector(b, actions.map((action) => encodeAction(b, action)));
    wire.Update.startUpdate(b);
    wire.Update.addAck(b, wire.Ack.createAck(b, have.tick, have.event, have.direct));
    wire.Update.addActions(b, list);
    return wire.Update.endUpdate(b);
  });

export const encodePing = (clientUs: bigint) => message(wire.Body.Ping, (b) => wire.Ping.createPing(b, clientUs));

export const encodeLeave = () => message(wire.Body.Leave, (b) => wire.Leave.createLeave(b, 0));

export const encodeListRooms = (request: number, type: string, metadata: string) =>
  message(wire.Body.ListRooms, (b) => wire.ListRooms.createListRooms(b, request, text(b, type), text(b, metadata)));
