// Messages of the relay's, as flatc's classes build them.
import { Builder, ByteBuffer, Offset } from "flatbuffers";
import * as wire from "./wire/index.js";

export interface FieldText { name: string; type: wire.FieldType; offset: number; flags?: number; precision?: number; min?: number; max?: number }
export interface ComponentText { name: string; bytes: number; fields?: FieldText[] }

/** Owner, Player and Room, then a struct of two floats (the first on steps of 0.5 from 0 to 100) and a bool, then a table. */
export const components: ComponentText[] = [
  { name: "tickrelay.Owner", bytes: 4, fields: [{ name: "player", type: wire.FieldType.UInt32, offset: 0 }] },
  { name: "tickrelay.Player", bytes: 0 },
  { name: "tickrelay.Room", bytes: 0 },
  {
    name: "game.Body", bytes: 16, fields: [
      { name: "at.x", type: wire.FieldType.Float32, offset: 0, flags: wire.FieldFlags.Quantised | wire.FieldFlags.Ranged, precision: 0.5, min: 0, max: 100 },
      { name: "at.y", type: wire.FieldType.Float32, offset: 4 },
      { name: "big", type: wire.FieldType.Int64, offset: 8 },
    ],
  },
  { name: "game.Note", bytes: 0 },
];
export const body = 3;
export const note = 4;

function message(kind: wire.Body, make: (b: Builder) => Offset): Uint8Array {
  const b = new Builder(256);
  const offset = make(b);
  wire.Message.startMessage(b);
  wire.Message.addBodyType(b, kind);
  wire.Message.addBody(b, offset);
  b.finish(wire.Message.endMessage(b), "TRM1");
  return b.asUint8Array().slice();
}

function layoutOf(b: Builder, list: readonly ComponentText[]): Offset {
  const made = list.map(({ name, bytes, fields = [] }) => {
    const each = fields.map((field) =>
      wire.Field.createField(b, b.createString(field.name), field.type, field.offset, field.flags ?? 0, field.precision ?? 0, field.min ?? 0, field.max ?? 0));
    const vector = wire.Component.createFieldsVector(b, each);
    return wire.Component.createComponent(b, b.createString(name), bytes, vector, false, 1);
  });
  return wire.Layout.createLayout(b, 77n, wire.Layout.createComponentsVector(b, made));
}

export interface WelcomeText {
  term?: number; resumed?: boolean; rolledBack?: boolean; applied?: number; event?: number; direct?: number; codec?: wire.Codec; layout?: ComponentText[] | null;
  serverUs?: bigint; ids?: [number, number];
}

export const welcome = (text: WelcomeText = {}) =>
  message(wire.Body.Welcome, (b) => {
    const layout = text.layout === null ? 0 : layoutOf(b, text.layout ?? components);
    const [room, type, id, session] = ["r", "t", "ada", "secret"].map((each) => b.createString(each));
    const [first, count] = text.ids ?? [100, 50];
    wire.Welcome.startWelcome(b);
    wire.Welcome.addRoomId(b, room);
    wire.Welcome.addType(b, type);
    wire.Welcome.addPlayer(b, 1);
    wire.Welcome.addPlayerId(b, id);
    wire.Welcome.addEntity(b, 9);
    wire.Welcome.addSession(b, session);
    wire.Welcome.addTerm(b, text.term ?? 1);
    wire.Welcome.addTickRate(b, 20);
    wire.Welcome.addSendRate(b, 20);
    wire.Welcome.addServerUs(b, text.serverUs ?? 500_000n);
    wire.Welcome.addResumed(b, text.resumed ?? false);
    wire.Welcome.addRolledBack(b, text.rolledBack ?? false);
    wire.Welcome.addAppliedSeq(b, text.applied ?? 0);
    wire.Welcome.addEvent(b, text.event ?? 0);
    wire.Welcome.addDirect(b, text.direct ?? 0);
    wire.Welcome.addIdsFirst(b, first);
    wire.Welcome.addIdsCount(b, count);
    wire.Welcome.addAckIntervalMs(b, 100);
    wire.Welcome.addGraceMs(b, 30_000);
    wire.Welcome.addCodec(b, text.codec ?? wire.Codec.Plain);
    if (layout !== 0) wire.Welcome.addLayout(b, layout);
    wire.Welcome.addFingerprint(b, 77n);
    return wire.Welcome.endWelcome(b);
  });

export interface EventText { kind?: wire.EventKind; player?: number; type?: string; data?: string; request?: number; seq?: number; skip?: boolean }

const eventOf = (b: Builder, { kind = wire.EventKind.Message, player = 2, type = "chat", data = "", request = 0, seq = 0, skip = false }: EventText) =>
  wire.Event.createEvent(b, kind, player, b.createString(type), wire.Event.createDataVector(b, [...Buffer.from(data)]), request, seq, skip);

export const yours = (tick: number, applied: number, text: { direct?: EventText[]; directFirst?: number; lost?: number; event?: number; early?: [seq: number, us: number] } = {}) =>
  message(wire.Body.Yours, (b) => {
    const direct = wire.Yours.createDirectVector(b, (text.direct ?? []).map((event) => eventOf(b, event)));
    wire.Yours.startYours(b);
    wire.Yours.addHead(b, wire.YoursHead.createYoursHead(b, tick, applied));
    wire.Yours.addDirectFirst(b, text.directFirst ?? 0);
    wire.Yours.addDirect(b, direct);
    wire.Yours.addEventsLost(b, text.lost ?? 0);
    wire.Yours.addEvent(b, text.event ?? 0);
    wire.Yours.addEarlySeq(b, text.early?.[0] ?? 0);
    wire.Yours.addEarlyUs(b, text.early?.[1] ?? 0);
    return wire.Yours.endYours(b);
  });

export interface ColumnText { component: number; ids: number[]; masks?: number[]; values: Uint8Array; lengths?: number[] }
export interface FrameText {
  tick: number; base?: number; kind?: wire.FrameKind; flags?: number; columns?: ColumnText[]; removed?: number[]; alive?: number[]; eventFirst?: number; events?: EventText[];
  packed?: Uint8Array; parts?: PartText[] | Uint8Array;
}

/** kind: 3 is gone. */
export interface PartText { chunk: number; kind: number; key?: boolean; bytes?: Uint8Array }

const number = (value: number): number[] => (value < 128 ? [value] : [(value & 127) | 128, ...number(Math.floor(value / 128))]);

function partsOf(list: PartText[]): Uint8Array {
  return Uint8Array.from(list.flatMap(({ chunk, kind, key, bytes = new Uint8Array(0) }) => {
    const head = [...number(chunk), kind | (key === true ? 4 : 0)];
    return kind === 3 ? head : [...head, ...number(bytes.length), ...bytes];
  }));
}

export function frame(text: FrameText): Uint8Array {
  const b = new Builder(256);
  const columns = wire.StateFrame.createColumnsVector(b, (text.columns ?? []).map(({ component, ids, masks, values, lengths }) => {
    const parts = [wire.Column.createIdsVector(b, ids), masks ? wire.Column.createMasksVector(b, masks) : 0, wire.Column.createValuesVector(b, values), lengths ? wire.Column.createLengthsVector(b, lengths) : 0];
    return wire.Column.createColumn(b, component, parts[0], parts[1], parts[2], parts[3]);
  }));
  const removed = wire.StateFrame.createRemovedVector(b, text.removed ?? []);
  const alive = text.alive ? wire.StateFrame.createAliveVector(b, text.alive) : 0;
  const events = wire.StateFrame.createEventsVector(b, (text.events ?? []).map((event) => eventOf(b, event)));
  const parts = text.parts instanceof Uint8Array || text.parts === undefined ? text.parts : partsOf(text.parts);
  const bytes = text.packed ?? parts;
  const packed = bytes ? wire.StateFrame.createPackedVector(b, bytes) : 0;
  const base = text.base ?? 0;
  const kind = text.kind ?? (base === 0 ? wire.FrameKind.Whole : wire.FrameKind.Stream);
  wire.StateFrame.startStateFrame(b);
  wire.StateFrame.addHead(b, wire.FrameHead.createFrameHead(b, text.tick, base === 0 ? 0 : text.tick - base, kind, (text.flags ?? 0) | (alive ? 2 : 0) | (parts ? 4 : 0)));
  if (packed !== 0) wire.StateFrame.addPacked(b, packed);
  if (text.columns) wire.StateFrame.addColumns(b, columns);
  wire.StateFrame.addRemoved(b, removed);
  if (alive !== 0) wire.StateFrame.addAlive(b, alive);
  wire.StateFrame.addEventFirst(b, text.eventFirst ?? 0);
  wire.StateFrame.addEvents(b, events);
  b.finish(wire.StateFrame.endStateFrame(b), "TRF1");
  return b.asUint8Array().slice();
}

export const pong = (clientUs: bigint, serverUs: bigint) => message(wire.Body.Pong, (b) => wire.Pong.createPong(b, clientUs, serverUs));
export const resync = () => message(wire.Body.Resync, (b) => wire.Resync.createResync(b, 0, 0, 0));
export const moved = (url: string) => message(wire.Body.Moved, (b) => wire.Moved.createMoved(b, b.createString(url), 0));

/** Bodies: x, y, big each. */
export function bodies(...values: [x: number, y: number, big: bigint][]): Uint8Array {
  const view = new DataView(new ArrayBuffer(16 * values.length));
  values.forEach(([x, y, big], i) => {
    view.setFloat32(16 * i, x, true);
    view.setFloat32(16 * i + 4, y, true);
    view.setBigInt64(16 * i + 8, big, true);
  });
  return new Uint8Array(view.buffer);
}

export const owners = (...players: number[]) => new Uint8Array(new Uint32Array(players).buffer);

/** What a client said. */
export function said(bytes: Uint8Array): wire.Message {
  return wire.Message.getRootAsMessage(new ByteBuffer(bytes));
}
