// A relay on Colyseus as its documentation has it: a room class with schema state, patchRate = the tick.
//
//   node server.js --rate HZ --players N
//
// `move` comes as raw bytes (sendBytes): x y z yaw, float32, little endian.
import { Room, Server } from "@colyseus/core";
import { schema, t } from "@colyseus/schema";
import { WebSocketTransport } from "@colyseus/ws-transport";
import { parseArgs } from "node:util";

const { rate, players } = parseArgs({
  options: { rate: { type: "string", default: "20" }, players: { type: "string", default: "10" } },
}).values;

const Player = schema({ x: t.float32(), y: t.float32(), z: t.float32(), yaw: t.float32() }, "Player");
const State = schema({ players: t.map(Player) }, "State");
const reconnectWithin = 20; // seconds

class BenchRoom extends Room {
  maxClients = Number(players);
  patchRate = 1000 / Number(rate);
  maxMessagesPerSecond = Infinity;
  state = new State();

  onCreate() {
    this.onMessageBytes("move", (client, bytes) => {
      const player = this.state.players.get(client.sessionId);
      const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
      player.x = view.getFloat32(0, true);
      player.y = view.getFloat32(4, true);
      player.z = view.getFloat32(8, true);
      player.yaw = view.getFloat32(12, true);
    });
  }

  onJoin(client) {
    this.state.players.set(client.sessionId, new Player());
  }

  onDrop(client) {
    this.allowReconnection(client, reconnectWithin);
  }

  onLeave(client) {
    this.state.players.delete(client.sessionId);
  }
}

const transport = new WebSocketTransport({ perMessageDeflate: false });
const server = new Server({ transport, greet: false, gracefullyShutdown: false });
server.define("bench", BenchRoom);
await server.listen(0, "127.0.0.1");
console.log(`ws://127.0.0.1:${transport.server.address().port}\npeer is ready`);
process.on("SIGTERM", () => process.exit(0));
