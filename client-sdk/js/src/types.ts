// The plain values that calls of the SDK take and give. All text is UTF-8; all times are seconds unless named otherwise.
import { SocketConstructor } from "./link/link.js";

/** 0 is the room itself; never used again within a room. */
export type EntityId = number;
/** A seat of a room, from 1; 0 stands for the relay, the room's logic or the match server. */
export type PlayerNumber = number;
export type Role = "player" | "spectator" | "authority";
export type Unsubscribe = () => void;

/** Told when the page is hidden, as a document does it. */
export interface VisibilitySource {
  readonly visibilityState: string;
  addEventListener(type: "visibilitychange", call: () => void): void;
  removeEventListener(type: "visibilitychange", call: () => void): void;
}

/** Where the game runs; by default the platform's own. */
export interface Platform {
  /** Monotonic, ms. */
  now(): number;
  /** Uniform in [0, 1). */
  random(): number;
  readonly visibility: VisibilitySource | undefined;
}

export interface ClientOptions<Components extends object = AnyComponents> {
  /** For Node below 22: import WebSocket from "ws". */
  WebSocket?: SocketConstructor;
  /** What npx tickrelay-schema made: a room with another schema is refused (incompatible_schema), names and fields are typed. */
  schema?: Schema<Components>;
  /** From join…() until it fails, where the relay does not answer. Default 10. */
  joinTimeout?: number;
  /** Hear at every tick which of your actions were applied, not at most every 100 ms. */
  promptAcks?: boolean;
  /** A second connection with copies of frames: a lost packet costs ms, frames go twice. Not while the page is hidden. */
  lossShield?: boolean;
  /** room.onSendTick so that inputs arrive just before the relay's tick. Default true; false: at the tick rate, at any phase. */
  alignSends?: boolean;
  /** While the page is hidden ask for less than 1 kB/s, and be whole again when it is looked at. Default true. */
  backgroundMode?: boolean;
  platform?: Partial<Platform>;
}

/** Without a generated schema: any component, any fields. */
// eslint-disable-next-line @typescript-eslint/no-explicit-any
export type AnyComponents = { [component: string]: any };

/** What npx tickrelay-schema makes of a .fbs. `components`: by qualified name "field:type …", "" for a table. */
export interface Schema<Components extends object> {
  readonly source: string;
  readonly components: { readonly [name: string]: string };
  /** Only for types: never there. */
  readonly of?: Components;
}

export type ComponentName<Components> = keyof Components & string;

/** Any of a component's fields; arrays from their start. An opaque component's value whole. */
export type Fields<Value> = Value extends Uint8Array
  ? Value
  : Value extends readonly (infer Item)[]
    ? readonly Fields<Item>[]
    : Value extends object
      ? { readonly [Name in keyof Value]?: Fields<Value[Name]> }
      : Value;

/** A component's value to be changed in place. */
export type Draft<Value> = Value extends Uint8Array
  ? Value
  : Value extends readonly (infer Item)[]
    ? Draft<Item>[]
    : Value extends object
      ? { -readonly [Name in keyof Value]: Draft<Value[Name]> }
      : Value;

export interface SeatOptions {
  /** Up to 64 bytes; left out, the relay makes one. Joining with the id of a seated player takes that seat over. */
  playerId?: string;
  role?: Role;
  /** Up to 4 KiB as JSON: of a room that this join creates. */
  metadata?: unknown;
}

/** One seat of a room. `entity` is the one that was made for it. */
export interface Player {
  readonly number: PlayerNumber;
  /** The player id it joined with. */
  readonly id: string;
  readonly role: Role;
  /** False: its connection is lost, its seat still held. */
  readonly connected: boolean;
  /** What it gave at its join; undefined where that was nothing, or is no JSON. */
  readonly options: unknown;
  readonly entity: EntityId;
}

/** What a message carries: bytes as they are, a text as UTF-8, anything else as JSON. */
export type Data = Uint8Array | ArrayBuffer | string | number | boolean | null | undefined | object;

/** The bytes of a message or an answer, and the two readings that are common. */
export class Payload {
  constructor(readonly data: Uint8Array) {}

  get text(): string {
    return new TextDecoder().decode(this.data);
  }

  /** Throws a SyntaxError where the bytes are no JSON. */
  json<Value = unknown>(): Value {
    return JSON.parse(this.text) as Value;
  }
}

export class Message extends Payload {
  /** player: who sent it; 0: the relay, the room's logic or the match server. request: not 0: the sender waits for room.answer. */
  constructor(readonly player: PlayerNumber, readonly type: string, data: Uint8Array, readonly request: number) {
    super(data);
  }
}

/** To whom a message goes. Left out: to the logic or the authority where there is one, else to the others. */
export type To = PlayerNumber | readonly PlayerNumber[] | "others" | "all" | "authority";

export interface SpawnOptions {
  /** It stays when its owner leaves. */
  keep?: boolean;
  /** In rooms with views; elsewhere everyone sees it, and another wish is refused (not_allowed). */
  seenBy?: "everyone" | "owner" | "team";
}

export interface SendOptions {
  to?: To;
}

export interface RequestOptions extends SendOptions {
  /** Seconds. Default 5. */
  timeout?: number;
}

export interface Reconnected {
  /** The relay went back to a checkpoint, or the seat is a new one: a stretch of state and messages is lost. */
  readonly rolledBack: boolean;
}

export interface RoomFilter {
  type?: string;
  /** All its members must be equal to the room's. */
  metadata?: object;
}

export interface RoomEntry {
  readonly roomId: string;
  readonly type: string;
  readonly players: number;
  readonly maxPlayers: number;
  readonly locked: boolean;
  readonly metadata: unknown;
}

/** Counted since the join, over reconnections. */
export interface Stats {
  /** State frames applied. */
  frames: number;
  /** State frames that did not fit and were not read. */
  discarded: number;
  /** Payload of WebSocket messages. */
  bytesReceived: number;
  bytesSent: number;
  reconnects: number;
  /** Times the whole state was asked for. */
  resyncs: number;
  /** With lossShield: state frames that came on the second connection, and those of them that came first and were applied. */
  copies: number;
  shielded: number;
  /** How long before its tick the relay read this client's newest action, µs, as told last; 0: not known. */
  earlyUs: number;
}
