#!/usr/bin/env node
// One match, from the room to its result: match_server.mjs [ADMIN_SOCKET]. The first player with three points wins.
import { connect } from "node:net";
import { createInterface } from "node:readline";

/** A connection to the admin socket: JSON-RPC 2.0, one object a line. */
class Relay {
  constructor(path) {
    this.socket = connect(path);
    this.lines = createInterface({ input: this.socket })[Symbol.asyncIterator]();
  }

  async hear() {
    const { value, done } = await this.lines.next();
    if (done) throw new Error("the relay is gone");
    return JSON.parse(value);
  }

  async call(method, params) {
    this.socket.write(`${JSON.stringify({ jsonrpc: "2.0", id: 1, method, params })}\n`);
    const { result, error } = await this.hear();
    if (error) throw new Error(`${method}: ${error.message}`);
    return result;
  }
}

const path = process.argv[2] ?? "/run/tickrelay/admin.sock";
const [relay, events] = [new Relay(path), new Relay(path)];
const points = { ada: 0, bob: 0 };
const { room_id } = await relay.call("room.spawn", { type: "relay", tick_rate: 30, max_players: 2, private: true });
await events.call("events.subscribe", { room_id, types: ["room.message", "room.closed"] });
for (const player_id in points) {
  const { ticket, url } = await relay.call("ticket.issue", { room_id, player_id, ttl_s: 600 });
  console.log(player_id, ticket, url);
}

let winner;
while (!winner) {
  const { params: event } = await events.hear();
  if (event.type !== "room.message") throw new Error(`no result: ${JSON.stringify(event)}`); // closed, or events are lost
  if (event.message_type !== "point") continue;
  points[event.player_id] += 1;
  await relay.call("room.broadcast", { room_id, type: "score", data: btoa(`${event.player_id} ${points[event.player_id]}`) });
  winner = Object.keys(points).find((player) => points[player] === 3);
}

await relay.call("room.result", { room_id, data: { winner, points } });
await relay.call("room.close", { room_id, reason: `${winner} wins` });
process.exit();
