// What players do with a room, by a client that has read PROTOCOL.md and nothing else.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { ByteBuffer } from "flatbuffers";
import * as wire from "./wire";
import { Client } from "./client";
import { Relay, applied, bytes, closed, heard, refusal, sees, text, until } from "./harness";
import { quantise } from "./values";

let relay: Relay;
before(async () => { relay = await Relay.start(); });
after(() => relay.stop());

const transform = "arena.Transform";

async function pair(): Promise<[Client, Client]> {
  const a = await relay.join({ mode: wire.JoinMode.Create, type: "trial" });
  return [a, await relay.join({ mode: wire.JoinMode.ById, roomId: a.welcome.roomId()! })];
}

test("two players see each other's entities appear, move and go", async () => {
  const [a, b] = await pair();
  const ship = a.spawn(transform, { "pos.x": 1, "pos.y": 2, "pos.z": 3, yaw: 0 });
  await sees(b, ship, transform, { "pos.x": 1, "pos.y": 2, "pos.z": 3 });
  assert.equal(b.mirror.fields(ship, "tickrelay.Owner")!.player, a.player);
  for (let x = 2; x < 12; ++x) {
    a.set(ship, transform, { "pos.x": x });
    await sees(b, ship, transform, { "pos.x": x, "pos.y": 2 });
  }
  a.set(ship, "arena.Health", { points: 7 });
  await sees(b, ship, "arena.Health", { points: 7, shield: 0 });
  a.replace(ship, "arena.Name", bytes("Enterprise"));
  await until(b, "its name", () => text(b.mirror.opaque(ship, "arena.Name") ?? new Uint8Array()) === "Enterprise");
  a.despawn(ship);
  await until(b, "its end", () => !b.mirror.entities.has(ship));
});

test("each seat has an entity with the player's components and its place in the roster", async () => {
  const [a, b] = await pair();
  await until(b, "the other's seat", () => b.mirror.entities.has(a.entity));
  assert.deepEqual(b.mirror.fields(a.entity, "arena.Score"), { kills: 0, deaths: 0 });
  const roster = wire.Player.getRootAsPlayer(new ByteBuffer(b.mirror.opaque(a.entity, "tickrelay.Player")!));
  assert.deepEqual([roster.number(), roster.id(), roster.connected()], [a.player, a.welcome.playerId(), true]);
  const room = wire.Room.getRootAsRoom(new ByteBuffer(b.mirror.opaque(0, "tickrelay.Room")!));
  assert.deepEqual([room.id(), room.type()], [a.welcome.roomId(), "trial"]);
});

test("values come back on the steps that the client worked out itself, bit for bit", async () => {
  const [a, b] = await pair();
  const fields = a.mirror.component(transform).fields;
  const ship = a.spawn(transform, { "pos.x": 0, "pos.y": 0, "pos.z": 0, yaw: 0 });
  for (const x of [0.1, -0.0004999, 0.0005, 999.9999, 1e9, -1e9, 123.45678, 3.1415927, -3.1415927, 6.5, -100]) {
    const expected = Object.fromEntries(fields.map((field) => [field.name, quantise(field, x)]));
    await applied(a, a.set(ship, transform, { "pos.x": x, "pos.y": x, "pos.z": x, yaw: x }, true));
    await sees(b, ship, transform, expected);
  }
});

test("a message goes to the others, to all, or to those it names", async () => {
  const [a, b] = await pair();
  const own: string[] = [];
  a.on("event", (event) => own.push(event.type));
  const others = heard(b, "to-others");
  a.send("to-others", bytes("hello"));
  assert.equal(text((await others).data), "hello");
  const direct = heard(b, "to-bob");
  a.send("to-bob", bytes("psst"), wire.Audience.Players, [b.player]);
  assert.deepEqual([(await direct).player, (await direct).direct], [a.player, true]);
  const all = Promise.all([heard(a, "to-all"), heard(b, "to-all")]);
  a.send("to-all", bytes("hear"), wire.Audience.All);
  await all;
  assert.deepEqual(own, ["to-all"]);
});

test("a burst of messages larger than a frame's share arrives whole and in order", async () => {
  const [a, b] = await pair();
  const seen: number[] = [];
  b.on("event", (event) => seen.push(Number(event.type)));
  for (let i = 0; i < 100; ++i) a.send(String(i), new Uint8Array(1000));
  await until(b, "the last", () => seen.length >= 100);
  assert.deepEqual(seen, Array.from({ length: 100 }, (_, i) => i));
});

test("a request is answered, or fails where nobody can answer", async () => {
  const [a, b] = await pair();
  b.on("event", (event) => event.request !== 0 && b.answer(event, bytes(`${text(event.data)}!`)));
  assert.equal(text(await a.request(b.player, "shout", bytes("hey"))), "hey!");
  await assert.rejects(a.request(4000, "shout", bytes("hey")), /no_such_player/);
});

test("when a player leaves, its entities go, but what it keeps is anybody's to claim", async () => {
  const [a, b] = await pair();
  const gone = a.spawn(transform, { "pos.x": 1 });
  const kept = a.spawn(transform, { "pos.x": 2 }, true);
  await sees(b, kept, transform, { "pos.x": 2 });
  const [left, end] = [heard(b, "left"), closed(a)];
  a.leave();
  assert.equal((await end).code, 1000);
  assert.equal((await left).kind, wire.EventKind.PlayerLeft);
  await until(b, "the entities' end", () => !b.mirror.entities.has(gone) && !b.mirror.entities.has(a.entity));
  await sees(b, kept, "tickrelay.Owner", { player: 0 });
  b.claim(kept);
  await sees(b, kept, "tickrelay.Owner", { player: b.player });
  b.set(kept, transform, { "pos.x": 3 });
  await sees(b, kept, transform, { "pos.x": 3 });
});

test("an action that may not be done is refused alone, and says why", async () => {
  const [a, b] = await pair();
  const ship = a.spawn(transform, { "pos.x": 1 });
  await sees(b, ship, transform, { "pos.x": 1 });
  const refused = (act: () => number) => refusal(b, act);
  assert.equal(await refused(() => b.set(ship, transform, { "pos.x": 2 })), "not_owner");
  assert.equal(await refused(() => b.despawn(ship)), "not_owner");
  assert.equal(await refused(() => b.claim(ship)), "not_owner");
  assert.equal(await refused(() => b.set(4_000_000, transform, { "pos.x": 2 })), "no_such_entity");
  assert.equal(await refused(() => b.set(b.entity, transform, { "pos.x": NaN }, true)), "bad_value");
  const set = { kind: wire.ActionKind.Set, entity: b.entity };
  assert.equal(await refused(() => b.act({ ...set, component: 99, mask: 1n, data: bytes("1234") })), "no_such_component");
  assert.equal(await refused(() => b.act({ ...set, component: 6, mask: 1n, data: bytes("123") })), "bad_value");
  assert.equal(await refused(() => b.act({ ...set, component: 6, mask: 16n, data: bytes("1234") })), "bad_value");
  assert.equal(await refused(() => b.act({ kind: wire.ActionKind.Spawn, entity: ship, component: 6 })), "bad_id");
  assert.equal(await refused(() => b.set(b.entity, "tickrelay.Owner", { player: 1 })), "no_such_component");
  b.set(b.entity, transform, { "pos.x": 5 });
  await sees(a, b.entity, transform, { "pos.x": 5 });
  assert.equal(a.mirror.fields(ship, transform)!["pos.x"], 1);
});

test("a spectator sees everything and writes nothing", async () => {
  const [a] = await pair();
  const watcher = await relay.join({ mode: wire.JoinMode.ById, roomId: a.welcome.roomId()!, role: wire.Role.Spectator });
  const ship = a.spawn(transform, { "pos.x": 1 });
  await sees(watcher, ship, transform, { "pos.x": 1 });
  assert.equal(await refusal(watcher, () => watcher.set(watcher.entity, transform, { "pos.x": 2 })), "not_allowed");
});

test("where the authority is a server, it alone writes, and hears what players do", async () => {
  const judge = await relay.join({ mode: wire.JoinMode.Create, type: "judged", role: wire.Role.Authority });
  const player = await relay.join({ mode: wire.JoinMode.ById, roomId: judge.welcome.roomId()! });
  const input = until(judge, "the input", () => inputs.length > 0);
  const inputs: string[] = [];
  judge.on("event", (event) => event.kind === wire.EventKind.Input && inputs.push(text(event.data)));
  player.input(bytes("jump"));
  await input;
  assert.deepEqual(inputs, ["jump"]);
  const plea = heard(judge, "plea");
  player.send("plea", bytes("please"));
  assert.deepEqual([(await plea).player, (await plea).direct], [player.player, true]);
  assert.equal(await refusal(player, () => player.set(player.entity, transform, { "pos.x": 1 })), "not_allowed");
  judge.set(player.entity, transform, { "pos.x": 1 });
  judge.set(0, "arena.Health", { points: 3 });
  await sees(player, player.entity, transform, { "pos.x": 1 });
  await sees(player, 0, "arena.Health", { points: 3 });
});

test("rooms are found by their metadata", async () => {
  const made = await relay.join({ mode: wire.JoinMode.Create, type: "trial", metadata: '{"map":"dust","level":3}' });
  const visitor = await relay.connect();
  const found = async (metadata: object) => (await visitor.rooms("trial", JSON.stringify(metadata))).map((room) => room.id);
  assert.deepEqual(await found({ map: "dust", level: 3 }), [made.welcome.roomId()]);
  assert.deepEqual(await found({ level: 3 }), [made.welcome.roomId()]);
  assert.deepEqual(await found({ map: "dust", level: 4 }), []);
});

test("rooms are listed and a ping is answered before any join", async () => {
  const [a] = await pair();
  const visitor = await relay.connect();
  assert.equal((await visitor.ping(123456789012345n)).clientUs(), 123456789012345n);
  const listed = (await visitor.rooms("trial")).find((room) => room.id === a.welcome.roomId());
  assert.deepEqual(listed, { id: a.welcome.roomId()!, type: "trial", players: 2, maxPlayers: 64 });
  assert.deepEqual(await visitor.rooms("nothing-of-this-type"), []);
});

test("the room's clock agrees with the relay's", async () => {
  const [a] = await pair();
  const pong = await a.ping(1n);
  const tick = Number(pong.serverUs() - a.welcome.tickZeroUs()) / 1e6 * a.welcome.tickRate();
  assert(Math.abs(tick - a.mirror.tick) < 2 * a.welcome.tickRate(), `tick ${a.mirror.tick}, by the clock ${tick}`);
});
