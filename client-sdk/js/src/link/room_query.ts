// One question to a relay, on a connection of its own: which rooms are there?
import { ByteBuffer } from "flatbuffers";
import { hasIdentifier, verify } from "../check/verify.js";
import { TickrelayError, labelOf } from "../errors.js";
import { limits } from "../limits.js";
import { composeListRooms } from "../session/compose.js";
import { jsonOf, parsed } from "../text.js";
import { RoomEntry, RoomFilter } from "../types.js";
import * as wire from "../wire/index.js";
import { messageShape, shapes } from "../wire/shapes.js";
import { SocketConstructor, SocketLink } from "./link.js";

function readRooms(list: wire.RoomList): RoomEntry[] {
  return Array.from({ length: list.roomsLength() }, (_, i) => {
    const room = list.rooms(i) as wire.RoomEntry;
    return {
      roomId: room.roomId() ?? "", type: room.type() ?? "", players: room.players(), maxPlayers: room.maxPlayers(), locked: room.locked(),
      metadata: parsed(room.metadata()),
    };
  });
}

// undefined: another message than the answer. null: bytes that cannot be.
function answerOf(bytes: Uint8Array | null): RoomEntry[] | undefined | null {
  if (bytes === null || bytes.length > limits.receivedBytes || !hasIdentifier(bytes, "TRM1") || !verify(bytes, shapes, messageShape)) return null;
  const message = wire.Message.getRootAsMessage(new ByteBuffer(bytes));
  return message.bodyType() === wire.Body.RoomList ? readRooms(message.body(new wire.RoomList()) as wire.RoomList) : undefined;
}

export function listRooms(url: string, socketOf: SocketConstructor, filter: RoomFilter, timeoutMs: number): Promise<RoomEntry[]> {
  const metadata = jsonOf(filter.metadata, limits.optionsBytes, "rooms: metadata");
  return new Promise((resolve, reject) => {
    const fail = (label: string, why: string) => finish(() => reject(new TickrelayError(label, `rooms: ${label}: ${why} (${url})`)));
    const timer = setTimeout(() => fail("timeout", "the relay does not answer"), timeoutMs);
    const link: SocketLink = new SocketLink(url, socketOf, {
      opened: () => link.write(composeListRooms(filter.type ?? "", metadata)),
      received: (bytes) => {
        const rooms = answerOf(bytes);
        if (rooms === null) fail("protocol_error", "the relay sent no message of this protocol");
        else if (rooms !== undefined) finish(() => resolve(rooms));
      },
      closed: (code, reason) => fail(labelOf(code), reason || "is the relay running?"),
    }, limits.bufferedBytes);
    function finish(settle: () => void): void {
      clearTimeout(timer);
      link.close(1000, "");
      settle();
    }
  });
}
