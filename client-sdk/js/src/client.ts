// Joins rooms of a relay and lists them.
//
//   const client = new Client("ws://localhost:8350");
//   const room = await client.joinOrCreate("arena", { name: "ada" });
import { badUsage } from "./errors.js";
import { Limits } from "./limits.js";
import { SocketConstructor, socketConstructor } from "./link/link.js";
import { socketUrl } from "./link/url.js";
import { listRooms } from "./link/room_query.js";
import { Room } from "./room.js";
import { JoinRequest } from "./session/compose.js";
import { Runner } from "./session/runner.js";
import { roles } from "./session/seat.js";
import { checkedName, jsonOf } from "./text.js";
import { AnyComponents, ClientOptions, Platform, RoomEntry, RoomFilter, SeatOptions, VisibilitySource } from "./types.js";
import * as wire from "./wire/index.js";

export class Client<Components extends object = AnyComponents> {
  private readonly url: string;
  private readonly socketOf: SocketConstructor;
  private readonly platform: Platform;
  private readonly joinTimeoutUs: number;

  /**
   * url: ws:// or wss://, host, optional port and path ("/v1" is appended where it does not end in it). Throws a TickrelayError
   * for a bad one, and where there is no WebSocket.
   */
  constructor(url: string, private readonly options: ClientOptions<Components> = {}) {
    this.url = socketUrl(url);
    this.socketOf = socketConstructor(options.WebSocket);
    this.joinTimeoutUs = (options.joinTimeout ?? 10) * 1e6;
    const visibility = (globalThis as { document?: VisibilitySource }).document;
    this.platform = { now: () => performance.now(), random: Math.random, visibility, ...options.platform };
    if (options.backgroundMode === false) this.platform = { ...this.platform, visibility: undefined };
  }

  // Each settles with a room that is joined (its state comes a little later: register call-backs first), or rejects with a
  // JoinError. options: shown to everyone in the room and to its logic, up to 4 KiB as JSON.

  joinOrCreate(type: string, options?: unknown, seat: SeatOptions = {}): Promise<Room<Components>> {
    return this.enter(`joinOrCreate '${type}'`, { mode: wire.JoinMode.JoinOrCreate, type }, options, seat);
  }

  create(type: string, options?: unknown, seat: SeatOptions = {}): Promise<Room<Components>> {
    return this.enter(`create '${type}'`, { mode: wire.JoinMode.Create, type }, options, seat);
  }

  /** A room that exists; never creates. */
  join(type: string, options?: unknown, seat: SeatOptions = {}): Promise<Room<Components>> {
    return this.enter(`join '${type}'`, { mode: wire.JoinMode.Join, type }, options, seat);
  }

  joinById(roomId: string, options?: unknown, seat: SeatOptions = {}): Promise<Room<Components>> {
    return this.enter(`joinById '${roomId}'`, { mode: wire.JoinMode.ById, roomId }, options, seat);
  }

  /** ticket: from the match server, for a seat of one room; of one with a `jti` the first join uses it up. roomId: "" is the ticket's. */
  joinWithTicket(ticket: string, roomId = "", options?: unknown, seat: SeatOptions = {}): Promise<Room<Components>> {
    return this.enter("joinWithTicket", { mode: wire.JoinMode.ById, roomId, ticket }, options, seat);
  }

  /** token: Room.reconnectionToken. Back in the seat that lost its connection, or was left by a page that is gone. */
  async reconnect(token: string): Promise<Room<Components>> {
    const colon = token.lastIndexOf(":"); // the session holds none; a room id may
    if (colon <= 0) throw badUsage(`reconnect: '${token}' is no reconnection token`);
    return this.enter("reconnect", { mode: wire.JoinMode.Resume, roomId: token.slice(0, colon), session: token.slice(colon + 1) }, undefined, {});
  }

  /** Rooms that may be joined; private ones are never listed. Rejects with a TickrelayError. */
  rooms(filter: RoomFilter = {}): Promise<RoomEntry[]> {
    return listRooms(this.url, this.socketOf, filter, this.joinTimeoutUs / 1000);
  }

  private async enter(what: string, how: Pick<JoinRequest, "mode" | "type" | "roomId" | "ticket" | "session">, options: unknown, seat: SeatOptions): Promise<Room<Components>> {
    for (const name of [how.type, how.roomId, seat.playerId]) checkedName(name ?? "", Limits.nameBytes, `${what}: a name`);
    const request: JoinRequest = {
      ...how, playerId: seat.playerId, role: Math.max(0, roles.indexOf(seat.role ?? "player")),
      options: jsonOf(options, Limits.optionsBytes, `${what}: options`), metadata: jsonOf(seat.metadata, Limits.optionsBytes, `${what}: metadata`),
    };
    const { joinTimeoutUs } = this;
    const { promptAcks = false, lossShield = false, alignSends = true, schema } = this.options;
    const runner = new Runner(this.url, what, request, { joinTimeoutUs, promptAcks, lossShield, alignSends, schema }, this.socketOf, this.platform);
    const room = new Room<Components>(runner);
    await runner.start();
    return room;
  }
}
