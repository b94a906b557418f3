// What must not work, each with the close code that PROTOCOL.md promises, while a match goes on beside it undisturbed.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { Builder } from "flatbuffers";
import WebSocket from "ws";
import * as wire from "./wire";
import { Client } from "./client";
import { Relay, bytes, closed, sees, until, within } from "./harness";
import { Closed, Join, encodeJoin, encodeLeave, encodePing, encodeUpdate } from "./messages";

let relay: Relay;
let players: [Client, Client];
let ended: Closed | null = null;
const transform = "arena.Transform";

before(async () => {
  relay = await Relay.start();
  const a = await relay.join({ mode: wire.JoinMode.Create, type: "trial" });
  players = [a, await relay.join({ mode: wire.JoinMode.ById, roomId: a.welcome.roomId()! })];
  for (const player of players) player.once("close", (end) => (ended = end));
});

after(async () => {
  const disturbed = ended;
  await relay.stop();
  assert.equal(disturbed, null, "the match beside was disturbed");
});

let x = 0;
async function matchGoesOn(): Promise<void> {
  const [a, b] = players;
  a.set(a.entity, transform, { "pos.x": (x = (x + 1) % 1000) });
  await sees(b, a.entity, transform, { "pos.x": x });
}

async function assertCloses(client: Client, code: number, label: string, act: () => void): Promise<void> {
  const end = closed(client);
  act();
  const { code: got, reason } = await end;
  assert.deepEqual([got, reason.split(":")[0]], [code, label]);
  await matchGoesOn();
}

const joined = () => relay.join({ mode: wire.JoinMode.ById, roomId: players[0].welcome.roomId()! });

const join = encodeJoin({ type: "trial" });
const flipped = (at: number) => join.map((byte, i) => (i === at ? byte ^ 0xff : byte));
const noActions = { tick: 0, event: 0, direct: 0 };

function withIdentifier(identifier: string): Uint8Array {
  const b = new Builder(64);
  const leave = wire.Leave.createLeave(b, 0);
  wire.Message.startMessage(b);
  wire.Message.addBodyType(b, wire.Body.Leave);
  wire.Message.addBody(b, leave);
  b.finish(wire.Message.endMessage(b), identifier);
  return b.asUint8Array();
}

function downward(): Uint8Array {
  const b = new Builder(64);
  const pong = wire.Pong.createPong(b, 1n, 2n);
  wire.Message.startMessage(b);
  wire.Message.addBodyType(b, wire.Body.Pong);
  wire.Message.addBody(b, pong);
  b.finish(wire.Message.endMessage(b), "TRM1");
  return b.asUint8Array();
}

const malformed: [string, Uint8Array | string][] = [
  ["nothing", new Uint8Array()],
  ["garbage", bytes("GET / HTTP/1.1\r\n\r\n and more of it, so that it has some length")],
  ["a frame's identifier", withIdentifier("TRF1")],
  ["no identifier of ours", withIdentifier("NOPE")],
  ["a truncated join", join.slice(0, join.length - 9)],
  ["a root offset that points outside", flipped(0).map((byte, i) => (i === 1 ? 0x7f : byte))],
  ["an unknown body", new Uint8Array(withIdentifier("TRM1")).map((byte, i, all) => (i === all.lastIndexOf(wire.Body.Leave) ? 99 : byte))],
  ["a body that only the relay sends", downward()],
  ["a text message", "hello"],
];

for (const [what, message] of malformed) {
  test(`${what} closes the connection with protocol_error, before and after the join`, async () => {
    const fresh = await relay.connect();
    await assertCloses(fresh, 4400, "protocol_error", () => fresh.raw(message));
    const player = await joined();
    await assertCloses(player, 4400, "protocol_error", () => player.raw(message));
  });
}

test("every truncation and every flipped byte of a join gives a welcome or a documented close", async () => {
  const documented = new Set(["protocol_error", "unknown_type", "room_not_found", "incompatible_schema", "forbidden", "session_unknown", "bad_ticket"]);
  for (let at = 0; at < join.length; ++at) {
    for (const message of [join.slice(0, at), flipped(at)]) {
      const client = await relay.connect();
      const answer = within<string>("an answer", (resolve) => {
        client.once("close", ({ reason }) => resolve(reason.split(":")[0])).once("change", () => resolve("welcome"));
        return () => client.removeAllListeners();
      });
      client.raw(message);
      const got = await answer;
      assert(got === "welcome" || documented.has(got), `byte ${at}: ${got}`);
      if (got === "welcome") client.raw(encodeLeave());
    }
  }
  await matchGoesOn();
});

test("a message over 64 KiB closes with message_too_large", async () => {
  const player = await joined();
  await assertCloses(player, 4413, "message_too_large", () => player.raw(new Uint8Array(64 * 1024 + 1)));
});

test("an update before the join closes with protocol_error", async () => {
  const client = await relay.connect();
  await assertCloses(client, 4400, "protocol_error", () => client.raw(encodeUpdate(noActions, [])));
});

test("a second join closes with protocol_error", async () => {
  const player = await joined();
  await assertCloses(player, 4400, "protocol_error", () => player.raw(join));
});

test("an acknowledgement of what was never sent closes with protocol_error", async () => {
  const player = await joined();
  const ahead = { ...player.have, tick: player.have.tick + 1_000_000 };
  await assertCloses(player, 4400, "protocol_error", () => player.raw(encodeUpdate(ahead, [])));
});

test("more than 64 actions, or an action without a number, close with protocol_error", async () => {
  const action = (seq: number) => ({ kind: wire.ActionKind.Input, seq, data: bytes("x") });
  const many = await joined();
  const actions = Array.from({ length: 65 }, (_, i) => action(i + 1));
  await assertCloses(many, 4400, "protocol_error", () => many.raw(encodeUpdate(many.have, actions)));
  const none = await joined();
  await assertCloses(none, 4400, "protocol_error", () => none.raw(encodeUpdate(none.have, [action(0)])));
});

const refused: [string, number, string, Join][] = [
  ["an unknown type", 4405, "unknown_type", { type: "no-such-type" }],
  ["an unknown room", 4404, "room_not_found", { mode: wire.JoinMode.ById, roomId: "nowhere" }],
  ["a type of which there is no room", 4404, "room_not_found", { mode: wire.JoinMode.Join, type: "lonely" }],
  ["no type and no room", 4400, "protocol_error", {}],
  ["a player id over 64 bytes", 4400, "protocol_error", { type: "trial", playerId: "x".repeat(65) }],
];

for (const [what, code, label, how] of refused) {
  test(`a join of ${what} closes with ${label}`, async () => {
    const client = await relay.connect();
    await assertCloses(client, code, label, () => client.raw(encodeJoin(how)));
  });
}

test("a resume with a made-up session closes with session_unknown", async () => {
  const client = await relay.connect();
  const roomId = players[0].welcome.roomId()!;
  const resume = encodeJoin({ mode: wire.JoinMode.Resume, roomId, session: "made-up" });
  await assertCloses(client, 4411, "session_unknown", () => client.raw(resume));
});

test("a full room refuses by id, and by type another room is made", async () => {
  const first = await relay.join({ mode: wire.JoinMode.Create, type: "duo" });
  const roomId = first.welcome.roomId()!;
  await relay.join({ mode: wire.JoinMode.ById, roomId });
  const third = await relay.connect();
  await assertCloses(third, 4430, "room_full", () => third.raw(encodeJoin({ mode: wire.JoinMode.ById, roomId })));
  const other = await relay.join({ type: "duo" });
  assert.notEqual(other.welcome.roomId(), roomId);
});

test("who says nothing for five seconds closes with join_timeout", async () => {
  const client = await relay.connect();
  client.raw(encodePing(1n)); // a ping is no join
  await assertCloses(client, 4408, "join_timeout", () => {});
});

test("who acknowledges nothing for ten seconds closes with not_acknowledged", async () => {
  const deaf = await joined();
  deaf.mute();
  const pings = setInterval(() => deaf.raw(encodePing(1n)), 300); // that it takes bytes and lives is no acknowledgement
  try {
    await assertCloses(deaf, 4004, "not_acknowledged", () => {});
  } finally {
    clearInterval(pings);
  }
});

const handshake = (url: string, protocols: string[]) =>
  within<string>("an answer to the handshake", (resolve) => {
    const socket = new WebSocket(url, protocols);
    socket.on("open", () => resolve("open")).on("error", (error) => resolve(error.message));
    return () => socket.terminate();
  });

test("without the subprotocol or on another path there is no connection", async () => {
  assert.equal(await handshake(`${relay.url}/v1`, ["tickrelay.v1"]), "open");
  assert.notEqual(await handshake(`${relay.url}/v1`, []), "open");
  assert.notEqual(await handshake(`${relay.url}/v1`, ["tickrelay.v2"]), "open");
  assert.notEqual(await handshake(`${relay.url}/v2`, ["tickrelay.v1"]), "open");
});
