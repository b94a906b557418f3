// tickrelay's TypeScript SDK: browsers and Node 18 and later.
export { Client } from "./client.js";
export { CloseCode, JoinError, TickrelayError } from "./errors.js";
export type { SocketConstructor, SocketLike } from "./link/link.js";
export { Room, RoomClock } from "./room.js";
export type { PredictOptions, Step } from "./feel/prediction.js";
export type { RequestCall } from "./session/listeners.js";
export type { Phase } from "./session/session.js";
export { State } from "./state/state.js";
export { Message, Payload } from "./types.js";
export type {
  AnyComponents, ClientOptions, ComponentName, Data, Draft, EntityId, Fields, Platform, Player, PlayerNumber, Reconnected, RequestOptions, Role, RoomEntry,
  RoomFilter, Schema, SeatOptions, SendOptions, SpawnOptions, Stats, To, Unsubscribe, VisibilitySource,
} from "./types.js";
