// Connections that are lost, and what comes back exactly once; against the real relay, in both codecs.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { Room } from "../../src/index.js";
import { Components } from "../arena.js";
import { until, within } from "../wait.js";
import { Cable, Relay, arenaClient } from "./relay.js";

type ArenaRoom = Room<Components>;
interface Joined { room: ArenaRoom; cable: Cable }

let relay: Relay;
before(async () => { relay = await Relay.start(); });
after(() => relay.stop());

const numbers = (count: number) => Array.from({ length: count }, (_, i) => i);

async function pair(type = "trial"): Promise<[Joined, Joined]> {
  const cables = [new Cable(), new Cable()];
  const room = await arenaClient(relay.url, cables[0]).create(type);
  return [{ room, cable: cables[0] }, { room: await arenaClient(relay.url, cables[1]).joinById(room.roomId), cable: cables[1] }];
}

/** Goes on as soon as the drop is told: nothing of the return has happened then. */
const cut = ({ room, cable }: Joined) =>
  within<void>("the drop", (resolve) => {
    const end = room.onDrop(() => (end(), resolve()));
    cable.cut();
  });
const back = (room: ArenaRoom) => until("the return", () => room.phase === "joined");

// Collects the numbers that come as messages.
function counted(room: ArenaRoom): number[] {
  const seen: number[] = [];
  room.onMessage("count", (message) => seen.push(message.json<number>()));
  return seen;
}

for (const type of ["trial", "plain"])
  test(`a seat outlives its connection (${type}): same player, and the state's difference comes`, async () => {
    const [a, b] = await pair(type);
    const ship = a.room.spawn("Transform", { pos: { x: 1 } });
    const gone = a.room.spawn("Transform", { pos: { x: 3 } });
    await until("the ships", () => b.room.state.get(gone, "Transform")?.pos.x === 3);
    const told: string[] = [];
    b.room.onDrop((code, reason) => told.push(`drop ${code} ${reason}`));
    b.room.onReconnect(({ rolledBack }) => told.push(`back ${rolledBack}`));
    b.room.onRemove("Transform", (entity) => told.push(`remove ${entity}`));
    b.room.onChange("Transform", (entity, { pos }) => told.push(`change ${entity} ${pos.x}`));
    const { player, entity } = b.room;
    await cut(b);
    a.room.set(ship, "Transform", { pos: { x: 2 } });
    a.room.despawn(gone);
    await until("the difference", () => b.room.state.get(ship, "Transform")?.pos.x === 2 && !b.room.state.entities.has(gone));
    assert.deepEqual([b.room.player, b.room.entity, b.room.stats.reconnects], [player, entity, 1]);
    assert.deepEqual(told.slice(0, 2), ["drop 1006 connection_lost", "back false"]);
    assert.deepEqual(told.slice(2).sort(), [`change ${ship} 2`, `remove ${gone}`]);
  });

test("messages of a sender whose connection is cut again and again arrive exactly once", async () => {
  const [a, b] = await pair();
  const seen = counted(b.room);
  for (const i of numbers(200)) {
    a.room.send("count", i);
    if (i % 40 !== 20) continue;
    await cut(a);
    a.room.send("count", 1000 + i); // said while nobody listens
    await back(a.room);
  }
  await until("the last message", () => seen.includes(199));
  assert.deepEqual(seen, numbers(200).flatMap((i) => (i % 40 === 20 ? [i, 1000 + i] : [i])));
});

test("messages to a receiver whose connection is cut again and again arrive exactly once", async () => {
  const [a, b] = await pair();
  const seen = counted(b.room);
  for (const i of numbers(120)) {
    a.room.send("count", i, { to: i % 2 === 0 ? "others" : b.room.player });
    if (i % 30 !== 15) continue;
    await cut(b);
    a.room.send("count", 1000 + i, { to: b.room.player });
    await back(b.room);
  }
  await until("the last messages", () => seen.includes(118) && seen.includes(119));
  const parity = (list: number[], odd: number) => list.filter((i) => i % 2 === odd);
  const said = numbers(120).flatMap((i) => (i % 30 === 15 ? [i, 1000 + i] : [i]));
  assert.deepEqual(parity(seen, 0), parity(said, 0));
  assert.deepEqual(parity(seen, 1), parity(said, 1));
});

test("what was set, spawned and asked while the connection was lost is done after the return", async () => {
  const [a, b] = await pair();
  b.room.onRequest("echo", (message) => message.text);
  await cut(a);
  const ship = a.room.spawn("Transform", { pos: { x: 1 } });
  a.room.set(ship, "Transform", { pos: { x: 2 } });
  a.room.set(ship, "Transform", { pos: { y: 3 } });
  const answer = a.room.request("echo", "still there?", { to: b.room.player, timeout: 15 });
  assert.equal((await answer).text, "still there?");
  await until("the ship", () => b.room.state.get(ship, "Transform")?.pos.y === 3);
  assert.equal(b.room.state.get(ship, "Transform")?.pos.x, 2);
  assert.equal(a.room.state.get(ship, "Transform")?.pos.x, 2);
});

test("values that were on their way when the connection was cut are set again", async () => {
  const [a, b] = await pair();
  const ship = a.room.spawn("Transform", {});
  await until("the ship", () => b.room.state.entities.has(ship));
  for (let x = 1; x <= 20; ++x) {
    a.room.set(ship, "Transform", { pos: { x } });
    await Promise.resolve(); // it is written
    await cut(a);
    await back(a.room);
    await until(`x is ${x} everywhere`, () => b.room.state.get(ship, "Transform")?.pos.x === x);
  }
});

test("a second tab with the same ticket replaces the first, which stops and whose token is none", async () => {
  const { room_id } = await relay.call<{ room_id: string }>("room.spawn", { type: "trial", private: true });
  const { ticket } = await relay.call<{ ticket: string }>("ticket.issue", { room_id, player_id: "ada", single_use: false });
  const cables = [new Cable(), new Cable()];
  const first = await arenaClient(relay.url, cables[0]).joinWithTicket(ticket, room_id);
  const ends: string[] = [];
  first.onLeave((code, reason) => ends.push(`${code} ${reason}`));
  const second = await arenaClient(relay.url, cables[1]).joinWithTicket(ticket, room_id);
  await until("the first tab's end", () => ends.length > 0);
  assert.deepEqual(ends, ["4409 replaced"]);
  await assert.rejects(arenaClient(relay.url).reconnect(first.reconnectionToken), /session_unknown/);
  await assert.rejects(arenaClient(relay.url).reconnect(`${second.reconnectionToken.slice(0, -8)}AAAAAAAA`), /session_unknown/);
  const began = second.clock.serverNow;
  await until("two seconds in which nobody fights", () => second.clock.serverNow > began + 2);
  assert.deepEqual([second.phase, first.phase, cables[0].sockets.length, cables[1].sockets.length], ["joined", "left", 1, 1]);
});

test("another process comes back with the token; the first stops with replaced", async () => {
  const [a, b] = await pair();
  const ends: string[] = [];
  a.room.onLeave((code, reason) => ends.push(`${code} ${reason}`));
  const ship = a.room.spawn("Transform", { pos: { x: 4 } });
  await until("the ship", () => b.room.state.entities.has(ship));
  const again = await arenaClient(relay.url).reconnect(a.room.reconnectionToken);
  await until("the end", () => ends.length === 1);
  assert.deepEqual(ends, ["4409 replaced"]);
  assert.equal(a.cable.sockets.length, 1, "who was replaced stays away");
  assert.equal(again.player, a.room.player);
  await until("the whole state", () => again.state.get(ship, "Transform")?.pos.x === 4);
  again.set(ship, "Transform", { pos: { x: 5 } });
  await until("its write", () => b.room.state.get(ship, "Transform")?.pos.x === 5);
});

test("the same player id from elsewhere takes the seat over", async () => {
  const first = await arenaClient(relay.url).create("trial", undefined, { playerId: "ada" });
  const second = await arenaClient(relay.url).joinById(first.roomId, undefined, { playerId: "ada" });
  await until("the end of the first", () => first.phase === "left");
  assert.equal(second.player, first.player);
});

test("a seat whose grace time is over ends with session_unknown", async () => {
  const [, b] = await pair("hasty");
  const ends: number[] = [];
  b.room.onLeave((code) => ends.push(code));
  const slow = new Cable();
  const late = await arenaClient(relay.url, slow, { platform: { random: () => 0.999 } }).joinById(b.room.roomId);
  slow.cut();
  await until("the end", () => late.phase === "left");
  assert.equal(slow.sockets.length, 1, "its first try would have come too late");
});

test("a relay that restarts calls its players back", async () => {
  const stopping = await Relay.start();
  const room = await arenaClient(stopping.url).create("trial");
  const drops: string[] = [];
  room.onDrop((code, reason) => drops.push(`${code} ${reason.split(":")[0]}`));
  await until("the first frame", () => room.state.tick > 0);
  await stopping.stop();
  await until("the drop", () => drops.length === 1);
  assert.deepEqual(drops, ["4002 restarting"]);
  await room.leave();
  assert.equal(room.phase, "left");
});
