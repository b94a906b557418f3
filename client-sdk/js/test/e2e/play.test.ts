// What players do with a room, against the real relay, in both codecs.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { EntityId, JoinError, Room, TickrelayError } from "../../src/index.js";
import { Components } from "../arena.js";
import { Client as Foreign } from "../foreign/client.js";
import { until } from "../wait.js";
import * as wire from "../wire/index.js";
import { Relay, arenaClient } from "./relay.js";

type ArenaRoom = Room<Components>;

let relay: Relay;
before(async () => { relay = await Relay.start(); });
after(() => relay.stop());

const codecs = [["packed", "trial"], ["plain", "plain"]] as const;

async function pair(type: string): Promise<[ArenaRoom, ArenaRoom]> {
  const a = await arenaClient(relay.url).create(type, { name: "ada" });
  return [a, await arenaClient(relay.url).joinById(a.roomId, { name: "bob" })];
}

const sees = (room: ArenaRoom, entity: EntityId, x: number) => until(`${entity} at ${x}`, () => room.state.get(entity, "Transform")?.pos.x === x);

/** Everything of the schema's that a client holds, by the names of the admin socket's `room.state`. */
function held({ state }: ArenaRoom): Record<string, Record<string, unknown>> {
  const all: Record<string, Record<string, unknown>> = {};
  for (const entity of state.entities)
    for (const name of ["arena.Health", "arena.Score", "arena.Transform"] as const) {
      const value = state.get(entity, name);
      if (value !== undefined) (all[entity] ??= {})[name] = { ...value };
    }
  return all;
}

// The admin socket writes a float32 with as few digits as tell it from others.
const asFloats = (value: unknown): unknown =>
  typeof value === "number" ? Math.fround(value) : typeof value === "object" && value !== null ? Object.fromEntries(Object.entries(value).map(([name, each]) => [name, asFloats(each)])) : value;

test("two players and a client that shares no line with the SDK agree on a state that all changed", async () => {
  const [a, b] = await pair("plain");
  const foreign = await new Foreign(relay.url).open();
  await foreign.join({ mode: wire.JoinMode.ById, roomId: a.roomId });
  const ships = [a.spawn("Transform", { pos: { x: 1.2345, y: -7 }, yaw: 9 }), b.spawn("Health", { points: 300 })];
  await until("the foreign client's first frame", () => foreign.mirror.entities.has(ships[1]));
  ships.push(foreign.spawn("arena.Transform", { "pos.x": 0.0004999, "pos.y": 1e9, "pos.z": -3.14159, yaw: -100 }));
  const heard: string[] = [];
  a.onMessage("greeting", ({ player, text }) => heard.push(`${player} ${text}`));
  foreign.send("greeting", new TextEncoder().encode("hello"), wire.Audience.Others);
  for (let i = 0; i < 10; ++i) {
    a.set(ships[0], "Transform", { pos: { z: i * 1.1 }, yaw: i });
    foreign.set(ships[2], "arena.Transform", { "pos.z": i * -1.1, yaw: i });
    await until("both", () => b.state.get(ships[0], "Transform")?.pos.z === a.state.get(ships[0], "Transform")?.pos.z && b.state.get(ships[2], "Transform")?.pos.z === Math.fround(foreign.mirror.fields(ships[2], "arena.Transform")?.["pos.z"] as number));
  }
  b.despawn(ships[1]);
  await until("the end of one, and the greeting", () => [a, b].every(({ state }) => !state.entities.has(ships[1])) && !foreign.mirror.entities.has(ships[1]) && heard.length === 1);
  assert.deepEqual(heard, [`${foreign.player} hello`]);
  await until("the foreign client's last values", () => foreign.mirror.fields(ships[2], "arena.Transform")?.yaw === a.state.get(ships[2], "Transform")?.yaw);
  for (const ship of [ships[0], ships[2]])
    for (const { state } of [a, b]) {
      const { pos, yaw } = state.get(ship, "Transform") as Components["Transform"];
      assert.deepEqual({ "pos.x": pos.x, "pos.y": pos.y, "pos.z": pos.z, yaw }, { ...foreign.mirror.fields(ship, "arena.Transform") });
    }
  foreign.cut();
});

for (const [codec, type] of codecs) {
  test(`codec ${codec}: two players and the relay agree on a state that both changed`, async () => {
    const rooms = await pair(type);
    const ships: EntityId[] = [];
    for (let i = 0; i < 60; ++i) {
      const room = rooms[i % 2];
      if (i % 6 < 2) ships.push(room.spawn("Transform", { pos: { x: i, z: -i }, yaw: i / 20 }));
      const own = ships.filter((ship) => room.state.owner(ship) === room.player);
      const ship = own[(i * 7) % own.length];
      room.set(ship, "Transform", { pos: { x: i + 0.25, y: Math.sin(i) } });
      room.set(ship, "Health", { points: i });
      if (i % 20 === 19) room.despawn(own[0]);
      await until("a few ticks", () => room.state.tick % 3 === i % 3);
    }
    const [a, b] = rooms;
    a.send("done", undefined, { to: b.player });
    a.set(a.entity, "Score", { kills: 7 });
    b.set(b.entity, "Score", { kills: 8 });
    await until("the last values", () => b.state.get(a.entity, "Score")?.kills === 7 && a.state.get(b.entity, "Score")?.kills === 8);
    assert.deepEqual(held(a), held(b));
    assert.ok(Object.keys(held(a)).length > 10);
    const { entities } = await relay.call<{ entities: Record<string, Record<string, object>> }>("room.state", { room_id: a.roomId });
    const told = Object.entries(entities).map(([id, components]) => [id, Object.entries(components).filter(([name]) => name.startsWith("arena."))] as const);
    const ofSchema = told.filter(([, components]) => components.length > 0).map(([id, components]) => [id, Object.fromEntries(components)]);
    assert.deepEqual(held(a), asFloats(Object.fromEntries(ofSchema)));
  });

  test(`codec ${codec}: entities come, change and go by their call-backs, and a table is replaced as a whole`, async () => {
    const [a, b] = await pair(type);
    const heard: string[] = [];
    b.onAdd("Transform", (entity, { pos }) => heard.push(`add ${entity} ${pos.x}`));
    b.onChange("Transform", (entity, { pos }, before) => heard.push(`change ${entity} ${before?.pos.x} ${pos.x}`));
    b.onRemove("Transform", (entity, { pos }) => heard.push(`remove ${entity} ${pos.x}`));
    const ship = a.spawn("Transform", { pos: { x: 1 } });
    await sees(b, ship, 1);
    a.set(ship, "Transform", { pos: { x: 2 } });
    await sees(b, ship, 2);
    a.set(ship, "Name", new TextEncoder().encode("Enterprise"));
    await until("its name", () => new TextDecoder().decode(b.state.get(ship, "Name")) === "Enterprise");
    const late: EntityId[] = [];
    b.onAdd("Name", (entity) => late.push(entity));
    a.despawn(ship);
    await until("its end", () => !b.state.entities.has(ship));
    assert.deepEqual(heard, [`add ${ship} 1`, `change ${ship} 1 2`, `remove ${ship} 2`]);
    assert.deepEqual(late, [ship], "who listens late hears of what is there");
    assert.equal(b.state.get(ship, "Transform"), undefined);
  });

  test(`codec ${codec}: own writes show at once, on the relay's steps, and hold against older frames`, async () => {
    const [a, b] = await pair(type);
    const ship = a.spawn("Transform", { pos: { x: 0.00049, y: 1e9 } });
    assert.deepEqual(a.state.get(ship, "Transform")?.pos, { x: 0, y: 1000, z: 0 });
    const seen: number[] = [];
    a.onChange("Transform", (_, { pos }) => seen.push(pos.x));
    for (let x = 1; x <= 40; ++x) {
      a.set(ship, "Transform", { pos: { x } });
      assert.equal(a.state.get(ship, "Transform")?.pos.x, x);
      await until("the next frame", () => a.state.tick % 2 === x % 2);
    }
    await sees(b, ship, 40);
    assert.deepEqual(seen, [...seen].sort((x, y) => x - y), "never back to an older value");
  });
}

test("a message goes to the others, to all, or to those it names; a payload is bytes, text or JSON", async () => {
  const [a, b] = await pair("trial");
  const heard: string[] = [];
  a.onMessage("*", ({ player, type, text }) => heard.push(`a ${player} ${type} ${text}`));
  b.onMessage("*", ({ player, type, text }) => heard.push(`b ${player} ${type} ${text}`));
  a.send("one", "for the others");
  a.send("two", { x: 1 }, { to: "all" });
  a.send("three", new Uint8Array([51]), { to: [b.player] });
  a.send("four", null, { to: b.player });
  await until("the others' order", () => heard.some((each) => each.startsWith("b 1 two")));
  b.send("last", "", { to: "all" });
  await until("the last", () => heard.filter((each) => each.includes("last")).length === 2 && heard.length === 7);
  const of = (who: string, direct: boolean) => heard.filter((each) => each[0] === who && /three|four/.test(each) === direct);
  assert.deepEqual(of("a", false), ['a 1 two {"x":1}', "a 2 last "]);
  assert.deepEqual(of("b", false), ["b 1 one for the others", 'b 1 two {"x":1}', "b 2 last "]);
  assert.deepEqual(of("b", true), ["b 1 three 3", "b 1 four null"]);
});

test("a request is answered, refused, or runs out of time", async () => {
  const [a, b] = await pair("trial");
  b.onRequest("sum", (message) => message.json<number[]>().reduce((x, y) => x + y));
  b.onRequest("later", async (message) => `${message.text}!`);
  b.onMessage("by-hand", (message) => b.answer(message, "here"));
  assert.equal((await a.request("sum", [1, 2, 3], { to: b.player })).json(), 6);
  assert.equal((await a.request("later", "ada", { to: b.player })).text, "ada!");
  assert.equal((await a.request("by-hand", "", { to: b.player })).text, "here");
  const refused = (label: string) => (error: Error) => error instanceof TickrelayError && error.label === label && error.message.includes(label);
  await assert.rejects(a.request("nobody-answers", "", { to: b.player, timeout: 0.2 }), refused("timeout"));
  await assert.rejects(a.request("sum", [1], { to: 999 }), refused("no_such_player"));
  const open = a.request("nobody-answers", "", { to: b.player });
  open.catch(() => {});
  await a.leave();
  await assert.rejects(open, refused("left"));
});

test("players come and leave with a reason, and are listed with their options", async () => {
  const [a, b] = await pair("trial");
  const left: string[] = [];
  a.onPlayerLeave((player, reason) => left.push(`${player.number} ${reason}`));
  await until("both", () => a.players.length === 2);
  assert.deepEqual(a.players.map(({ number, options, entity }) => [number, options, entity]), [[1, { name: "ada" }, a.entity], [2, { name: "bob" }, b.entity]]);
  const joined: number[] = [];
  a.onPlayerJoin((player) => joined.push(player.number));
  await until("those that are there", () => joined.length === 2);
  await b.leave();
  await until("the leave", () => left.length === 1);
  assert.deepEqual([left, a.players.length, b.phase], [["2 left"], 1, "left"]);
  assert.throws(() => b.send("x"), /the room was left/);
});

test("what may not be done is refused with its label, and what cannot be says why", async () => {
  const [a, b] = await pair("trial");
  const ship = a.spawn("Transform", {});
  await until("the ship", () => b.state.entities.has(ship));
  const labels: string[] = [];
  b.onError((error) => labels.push(error.label));
  b.set(ship, "Transform", { pos: { x: 5 } });
  assert.equal(b.state.get(ship, "Transform")?.pos.x, 5);
  await until("the refusal", () => labels.length === 1);
  assert.deepEqual(labels, ["not_owner"]);
  await until("the relay's value", () => b.state.get(ship, "Transform")?.pos.x === 0);
  const anything = a as unknown as Room;
  assert.throws(() => anything.set(ship, "Transform", { poss: {} }), /'arena.Transform' has no field 'poss'; it has pos, yaw/);
  assert.throws(() => anything.set(ship, "Transform", { pos: { x: NaN } }), /'arena.Transform'.pos.x is not a finite number/);
  assert.throws(() => anything.set(ship, "Transform", { yaw: "1" }), /takes a number, not string/);
  assert.throws(() => anything.state.get(ship, "Nothing"), /no component 'Nothing'; it has arena.Health/);
  assert.throws(() => anything.set(ship, "tickrelay.Owner", { player: 1 }), /the relay's own/);
  assert.throws(() => a.send("x", new Uint8Array(16385)), /at most 16384/);
  assert.throws(() => a.despawn(77777), /no entity 77777/);
});

test("an authority judges: it alone writes and hears what players do; nobody's entity goes to who claims it", async () => {
  const judge = await arenaClient(relay.url).create("judged", undefined, { role: "authority" });
  const player = await arenaClient(relay.url).joinById(judge.roomId);
  const inputs: string[] = [];
  judge.onInput((message, number) => inputs.push(`${message.player} ${message.text} ${number > 0}`));
  player.input("jump");
  await until("the input", () => inputs.length === 1);
  assert.deepEqual(inputs, [`${player.player} jump true`]);
  judge.set(0, "Health", { points: 3 });
  await until("the room's value", () => player.state.get(0, "Health")?.points === 3);

  const [a, b] = await pair("trial");
  const ship = a.spawn("Transform", { pos: { x: 1 } }, { keep: true });
  await sees(b, ship, 1);
  await a.leave();
  await until("nobody's", () => b.state.owner(ship) === 0);
  b.claim(ship);
  await until("own", () => b.state.owner(ship) === b.player);
});

test("rooms are listed by type and metadata", async () => {
  const room = await arenaClient(relay.url).create("duo", undefined, { metadata: { map: "dust", level: 3 } });
  const client = arenaClient(relay.url);
  const found = async (metadata: object) => (await client.rooms({ type: "duo", metadata })).map(({ roomId }) => roomId);
  assert.deepEqual(await found({ map: "dust" }), [room.roomId]);
  assert.deepEqual(await found({ map: "dust", level: 4 }), []);
  const [entry] = await client.rooms({ type: "duo", metadata: { level: 3 } });
  assert.deepEqual(entry, { roomId: room.roomId, type: "duo", players: 1, maxPlayers: 2, locked: false, metadata: { map: "dust", level: 3 } });
});

test("a join that fails says what, why and what helps", async () => {
  const client = arenaClient(relay.url);
  const fails = (code: number, label: string, remedy: RegExp) => (error: Error) =>
    error instanceof JoinError && error.code === code && error.label === label && remedy.test(error.message);
  await assert.rejects(client.joinOrCreate("no-such-type"), fails(4405, "unknown_type", /joinOrCreate 'no-such-type'.*\[type.NAME\]/));
  await assert.rejects(client.joinById("nowhere"), fails(4404, "room_not_found", /client.rooms\(\)/));
  await assert.rejects(client.reconnect("nowhere:nothing"), fails(4411, "session_unknown", /join anew/));
  await assert.rejects(client.reconnect("nothing"), /no reconnection token/);
  await assert.rejects(arenaClient("ws://127.0.0.1:1").joinOrCreate("trial"), fails(1006, "connection_lost", /is the relay running/));
  await assert.rejects(arenaClient("ws://127.0.0.1:1").rooms(), /connection_lost.*is the relay running/);
});

test("a ticket takes the seat that it names", async () => {
  const { room_id } = await relay.call<{ room_id: string }>("room.spawn", { type: "trial", private: true });
  const { ticket } = await relay.call<{ ticket: string }>("ticket.issue", { room_id, player_id: "ada" });
  const room = await arenaClient(relay.url).joinWithTicket(ticket, room_id);
  assert.deepEqual([room.roomId, room.playerId], [room_id, "ada"]);
  await assert.rejects(arenaClient(relay.url).joinWithTicket(ticket, room_id), (error: Error) => error instanceof JoinError && error.label === "bad_ticket");
});

test("the clock agrees with the relay's ticks, and the state's age is a few frames", async () => {
  const [a] = await pair("trial");
  await until("pings", () => a.latency > 0 && a.stats.frames > 3);
  const tick = a.clock.serverNow * a.clock.tickRate;
  assert.ok(Math.abs(tick - a.state.tick) < a.clock.tickRate, `tick ${a.state.tick}, by the clock ${tick}`);
  assert.ok(a.clock.renderNow < a.clock.serverNow && a.clock.renderNow > a.clock.serverNow - 1);
  assert.ok(a.stateAge < 1 && a.latency < 1);
});
