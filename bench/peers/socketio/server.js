// A relay on Socket.IO as its documentation has it: WebSocket only, rooms, one emit a room and tick.
//
//   node server.js --rate HZ [--binary]
//
// A client connects with auth {room}. Events: welcome(id), state(changes), move(x y z yaw). Without --binary `changes`
// is [[id, x, y, z, yaw], …] and `move` has four numbers; with it both are Buffers: u16 id and four float32 for each
// entity, four float32.
import { createServer } from "node:http";
import { parseArgs } from "node:util";
import { Server } from "socket.io";
import { everyTick } from "./ticker.js";

const { rate, binary } = parseArgs({
  options: { rate: { type: "string", default: "20" }, binary: { type: "boolean", default: false } },
}).values;
const http = createServer();
// perMessageDeflate is off by default since version 3.
const io = new Server(http, { transports: ["websocket"], serveClient: false });
const rooms = new Map();
const entityBytes = 18;

function encode(entities) {
  if (!binary) return entities.map(({ id, values }) => [id, ...values]);
  const bytes = Buffer.allocUnsafe(entityBytes * entities.length);
  entities.forEach(({ id, values }, index) => {
    bytes.writeUInt16LE(id, entityBytes * index);
    for (let i = 0; i < 4; ++i) bytes.writeFloatLE(values[i], entityBytes * index + 2 + 4 * i);
  });
  return bytes;
}

function place(entity, values) {
  if (binary) {
    for (let i = 0; i < 4; ++i) entity.values[i] = values.readFloatLE(4 * i);
  } else {
    entity.values = values;
  }
}

io.on("connection", (socket) => {
  const name = String(socket.handshake.auth.room);
  if (!rooms.has(name)) rooms.set(name, { entities: new Map(), changed: new Set(), lastId: 0 });
  const room = rooms.get(name);
  const entity = { id: ++room.lastId, values: [0, 0, 0, 0] };
  room.entities.set(entity.id, entity);
  room.changed.add(entity);
  socket.emit("welcome", entity.id);
  socket.emit("state", encode([...room.entities.values()]));
  socket.join(name);
  socket.on("move", (values) => {
    place(entity, values);
    room.changed.add(entity);
  });
  socket.on("disconnect", () => {
    room.entities.delete(entity.id);
    room.changed.delete(entity);
  });
});
everyTick(Number(rate), () => {
  for (const [name, room] of rooms) {
    if (room.changed.size === 0) continue;
    io.to(name).emit("state", encode([...room.changed]));
    room.changed.clear();
  }
});
http.listen(0, "127.0.0.1", () => {
  console.log(`ws://127.0.0.1:${http.address().port}/socket.io/?EIO=4&transport=websocket\npeer is ready`);
});
process.on("SIGTERM", () => process.exit(0));
