// One question to a relay, on a connection of its own: which rooms are there?
import { TickrelayError, labelOf } from "../errors.js";
import { Limits } from "../limits.js";
import { composeListRooms } from "../session/compose.js";
import { heard } from "../session/heard.js";
import { jsonOf, parsed } from "../text.js";
import { RoomEntry, RoomFilter } from "../types.js";
import * as wire from "../wire/index.js";
import { SocketConstructor, SocketLink } from "./link.js";

// undefined: another message than the answer. null: bytes that cannot be.
function answerOf(bytes: Uint8Array | null): RoomEntry[] | undefined | null {
  const { message } = heard(bytes);
  if (message === undefined) return null;
  if (message.bodyType !== wire.Body.RoomList) return undefined;
  return (message.body as wire.RoomList).rooms.map((room) => ({ ...room, metadata: parsed(room.metadata) }));
}

export async function listRooms(url: string, socketOf: SocketConstructor, filter: RoomFilter, timeoutMs: number): Promise<RoomEntry[]> {
  const metadata = jsonOf(filter.metadata, Limits.optionsBytes, "rooms: metadata");
  return new Promise((resolve, reject) => {
    const fail = (label: string, why: string) => finish(() => reject(new TickrelayError(label, `rooms: ${label}: ${why} (${url})`)));
    const timer = setTimeout(() => fail("timeout", "the relay does not answer"), timeoutMs);
    let link: SocketLink | undefined;
    function finish(settle: () => void): void {
      clearTimeout(timer);
      link?.close(1000, "");
      settle();
    }
    try {
      link = new SocketLink(url, socketOf, {
        opened: () => link?.write(composeListRooms(filter.type ?? "", metadata)),
        received: (bytes) => {
          const rooms = answerOf(bytes);
          if (rooms === null) fail("protocol_error", "the relay sent no message of this protocol");
          else if (rooms !== undefined) finish(() => resolve(rooms));
        },
        closed: (code, reason) => fail(labelOf(code), reason || "is the relay running?"),
      }, Limits.bufferedBytes);
    } catch (error) {
      fail("connection_lost", error instanceof Error ? error.message : String(error)); // ws: from an https page, and the like
    }
  });
}
