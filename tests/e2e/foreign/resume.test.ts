// Connections that are lost, and what comes back exactly once.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import * as wire from "./wire";
import { Client } from "./client";
import { Relay, applied, bytes, closed, heard, sees, until } from "./harness";

let relay: Relay;
before(async () => { relay = await Relay.start(); });
after(() => relay.stop());

const transform = "arena.Transform";
const numbers = (count: number) => Array.from({ length: count }, (_, i) => i);

async function pair(): Promise<[Client, Client]> {
  const a = await relay.join({ mode: wire.JoinMode.Create, type: "trial" });
  return [a, await relay.join({ mode: wire.JoinMode.ById, roomId: a.welcome.roomId()! })];
}

async function cut(client: Client): Promise<void> {
  const end = closed(client);
  client.cut();
  await end;
}

// Collects the numbers that come as messages.
function counted(client: Client): number[] {
  const seen: number[] = [];
  client.on("event", (event) => event.type === "count" && seen.push(Number(Buffer.from(event.data).toString())));
  return seen;
}

const say = (client: Client, i: number, audience = wire.Audience.Others, to?: number[]) =>
  client.send("count", bytes(String(i)), audience, to);

test("a seat outlives its connection: same player, same entity, same values", async () => {
  const [a, b] = await pair();
  const ship = a.spawn(transform, { "pos.x": 1 });
  await sees(b, ship, transform, { "pos.x": 1 });
  const { player, entity } = b;
  await cut(b);
  a.set(ship, transform, { "pos.x": 2 });
  const second = a.spawn(transform, { "pos.x": 9 });
  await applied(a, a.set(second, transform, { "pos.y": 4 }));
  const welcome = await b.resume();
  assert(welcome.resumed() && !welcome.rolledBack());
  assert.equal(welcome.layout(), null, "the layout is known");
  assert.deepEqual([b.player, b.entity], [player, entity]);
  await sees(b, ship, transform, { "pos.x": 2 });
  await sees(b, second, transform, { "pos.x": 9, "pos.y": 4 });
  b.set(b.entity, transform, { "pos.x": 5 });
  await sees(a, b.entity, transform, { "pos.x": 5 });
});

test("messages of a sender whose connection is cut again and again arrive exactly once", async () => {
  const [a, b] = await pair();
  const seen = counted(b);
  for (const i of numbers(200)) {
    say(a, i);
    if (i % 40 === 20) {
      await cut(a);
      say(a, 1000 + i); // said while nobody listens
      await a.resume();
    }
  }
  const said = numbers(200).flatMap((i) => (i % 40 === 20 ? [i, 1000 + i] : [i]));
  await until(b, "the last message", () => seen.includes(199));
  assert.deepEqual(seen, said);
});

test("messages to a receiver whose connection is cut again and again arrive exactly once", async () => {
  const [a, b] = await pair();
  const seen = counted(b);
  for (const i of numbers(120)) {
    say(a, i, i % 2 ? wire.Audience.Players : wire.Audience.Others, [b.player]);
    if (i % 30 === 15) {
      await cut(b);
      say(a, 1000 + i, wire.Audience.Players, [b.player]);
      await b.resume();
    }
  }
  await until(b, "the last messages", () => seen.includes(118) && seen.includes(119));
  const room = (list: number[]) => list.filter((i) => i % 2 === 0);
  const direct = (list: number[]) => list.filter((i) => i % 2 === 1);
  const said = numbers(120).flatMap((i) => (i % 30 === 15 ? [i, 1000 + i] : [i]));
  assert.deepEqual(room(seen), room(said));
  assert.deepEqual(direct(seen), direct(said));
});

test("what was set and spawned while the connection was lost is there after the resume", async () => {
  const [a, b] = await pair();
  await cut(a);
  const ship = a.spawn(transform, { "pos.x": 1 });
  a.set(ship, transform, { "pos.x": 2 });
  a.set(ship, transform, { "pos.y": 3 });
  await a.resume();
  await sees(b, ship, transform, { "pos.x": 2, "pos.y": 3 });
});

test("a resume over a connection that still lives replaces it", async () => {
  const [a] = await pair();
  const twin = new Client(relay.url);
  twin.welcome = a.welcome;
  const end = closed(a);
  assert((await twin.resume()).resumed());
  assert.deepEqual(await end, { code: 4409, reason: "replaced" });
  twin.cut();
});

test("a second connection with a seated player's id takes the seat over", async () => {
  const a = await relay.join({ mode: wire.JoinMode.Create, type: "trial", playerId: "ada" });
  await applied(a, a.set(a.entity, transform, { "pos.x": 3 }));
  const end = closed(a);
  const again = await relay.join({ mode: wire.JoinMode.ById, roomId: a.welcome.roomId()!, playerId: "ada" });
  assert.equal((await end).code, 4409);
  assert.equal(again.player, a.player);
  await sees(again, again.entity, transform, { "pos.x": 3 });
  again.set(again.entity, transform, { "pos.x": 4 });
  await sees(again, again.entity, transform, { "pos.x": 4 });
});

test("a seat ends with its grace time, and its session is unknown then", async () => {
  const a = await relay.join({ mode: wire.JoinMode.Create, type: "hasty" });
  const b = await relay.join({ mode: wire.JoinMode.ById, roomId: a.welcome.roomId()! });
  assert.equal(b.welcome.graceMs(), 100);
  const left = heard(a, "connection_lost");
  await cut(b);
  assert.equal((await left).player, b.player);
  const end = closed(b);
  await assert.rejects(b.resume());
  assert.deepEqual([(await end).code, (await end).reason.split(":")[0]], [4411, "session_unknown"]);
});

test("a relay that stops tells its players to come back", async () => {
  const stopping = await Relay.start();
  const a = await stopping.join({ mode: wire.JoinMode.Create, type: "trial" });
  const [end] = await Promise.all([closed(a), stopping.stop()]);
  assert.deepEqual([end.code, end.reason.split(":")[0]], [4002, "restarting"]);
});
