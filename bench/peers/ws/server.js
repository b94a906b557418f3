// A relay on ws as a game would write it: rooms in a Map, binary messages, one buffer a room and tick.
//
//   node server.js --rate HZ
//
// A client opens /ROOM. It gets its number (welcome), a snapshot, then what changed at each tick; it sends its entity's
// x y z yaw as four floats. Little endian. welcome: u8 1, u16 id. frame: u8 2, u8 0, u16 count, then u16 id and four
// float32 each.
import { parseArgs } from "node:util";
import { WebSocket, WebSocketServer } from "ws";
import { everyTick } from "./ticker.js";

const { rate } = parseArgs({ options: { rate: { type: "string", default: "20" } } }).values;
const rooms = new Map();
const headBytes = 4;
const entityBytes = 18;

class Room {
  clients = new Set();
  entities = new Map();
  changed = new Set();
  lastId = 0;

  join(client) {
    const entity = { id: ++this.lastId, values: new Float32Array(4) };
    this.entities.set(entity.id, entity);
    this.changed.add(entity);
    const welcome = Buffer.alloc(3);
    welcome.writeUInt8(1, 0);
    welcome.writeUInt16LE(entity.id, 1);
    client.send(welcome);
    client.send(encode([...this.entities.values()]));
    this.clients.add(client);
    return entity;
  }

  leave(client, entity) {
    this.clients.delete(client);
    this.entities.delete(entity.id);
    this.changed.delete(entity);
  }

  tick() {
    if (this.changed.size === 0) return;
    const frame = encode([...this.changed]);
    this.changed.clear();
    for (const client of this.clients) {
      if (client.readyState === WebSocket.OPEN) client.send(frame);
    }
  }
}

function encode(entities) {
  const frame = Buffer.allocUnsafe(headBytes + entityBytes * entities.length);
  frame.writeUInt16LE(2, 0);
  frame.writeUInt16LE(entities.length, 2);
  let at = headBytes;
  for (const { id, values } of entities) {
    frame.writeUInt16LE(id, at);
    for (let i = 0; i < 4; ++i) frame.writeFloatLE(values[i], at + 2 + 4 * i);
    at += entityBytes;
  }
  return frame;
}

const server = new WebSocketServer({ host: "127.0.0.1", port: 0, perMessageDeflate: false });
server.on("connection", (client, request) => {
  const name = request.url;
  if (!rooms.has(name)) rooms.set(name, new Room());
  const room = rooms.get(name);
  const entity = room.join(client);
  client.on("message", (data) => {
    if (data.length !== 16) return client.close(1007);
    for (let i = 0; i < 4; ++i) entity.values[i] = data.readFloatLE(4 * i);
    room.changed.add(entity);
  });
  client.on("error", () => {});
  client.on("close", () => room.leave(client, entity));
});
everyTick(Number(rate), () => {
  for (const room of rooms.values()) room.tick();
});
server.on("listening", () => console.log(`ws://127.0.0.1:${server.address().port}\npeer is ready`));
process.on("SIGTERM", () => process.exit(0));
