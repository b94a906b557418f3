// How it feels against the real relay: one clock for all, smooth motion, inputs in time, a second connection.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { Room } from "../../src/index.js";
import { Components } from "../arena.js";
import { until } from "../wait.js";
import { Cable, Relay, arenaClient } from "./relay.js";

let relay: Relay;
before(async () => { relay = await Relay.start(); });
after(() => relay.stop());

const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));
const percentile = (list: number[], share: number) => [...list].sort((a, b) => a - b)[Math.floor((list.length - 1) * share)];

/** A ship that moves along x with the room's clock, units per second; set right after a frame, far from the relay's next tick. */
function sail(room: Room<Components>, speed: number): number {
  const ship = room.spawn("Transform", {});
  room.onStateChange(() => room.set(ship, "Transform", { pos: { x: (room.clock.serverNow % 100) * speed } }));
  return ship;
}

test("two clients have one clock, to 2 ms", async () => {
  const a = await arenaClient(relay.url).create("trial");
  const b = await arenaClient(relay.url).joinById(a.roomId);
  let off: number[] = [];
  await until("agreement", () => {
    off = [...off, Math.abs(a.clock.serverNow - b.clock.serverNow)].slice(-20);
    return a.latency > 0 && b.latency > 0 && off.length === 20 && Math.max(...off) < 0.002;
  });
  await Promise.all([a.leave(), b.leave()]);
});

test("what another moves evenly is drawn evenly, a little in the past", async () => {
  const mover = await arenaClient(relay.url).create("trial");
  const ship = sail(mover, 8);
  const viewer = await arenaClient(relay.url).joinById(mover.roomId);
  viewer.interpolate("Transform");
  await until("motion", () => viewer.stats.frames > 40);
  const off: number[] = [];
  let before = -Infinity;
  let back = 0;
  for (let n = 0; n < 200; ++n) {
    await pause(5);
    const at = viewer.interpolated(ship, "Transform")?.pos.x ?? NaN;
    assert.ok(at < (viewer.clock.serverNow % 100) * 8 + 0.1 || at > 790, "not of the future");
    if (at < before && before < 790) ++back;
    before = at;
    off.push((viewer.clock.renderNow % 100) * 8 - at);
  }
  const spread = percentile(off, 0.95) - percentile(off, 0.05);
  console.log(`# drawn ${(mover.clock.delay * 1000).toFixed(0)} ms late, 90 % within ${((spread / 8) * 1000).toFixed(1)} ms`);
  assert.ok(back < 10, `${back} of 200 times it went back`);
  assert.ok(spread < 8 * 0.05, `drawn between ${percentile(off, 0.05)} and ${percentile(off, 0.95)} units behind: within a tick's way`);
  await Promise.all([viewer.leave(), mover.leave()]);
});

test("inputs come to arrive just before the relay's tick", async () => {
  const room = await arenaClient(relay.url, new Cable(), { promptAcks: true }).create("trial");
  const early: number[] = [];
  room.onSendTick(() => {
    if (room.stats.earlyUs > 0) early.push(room.stats.earlyUs);
    room.input("step");
  });
  await until("a phase that was found", () => early.length > 160);
  const late = early.slice(-80);
  console.log(`# read before the tick: p50 ${percentile(late, 0.5)} us, p95 ${percentile(late, 0.95)} us`);
  assert.ok(percentile(late, 0.5) < 15_000, `${percentile(late, 0.5)} us`);
  await room.leave();
});

const walk = (room: Room<Components>, wall: number) =>
  room.predict(room.entity, "Transform", (at, input) => {
    at.pos.x = Math.min(at.pos.x + new DataView(input.buffer, input.byteOffset).getFloat32(0, true), wall);
  });
const ahead = (room: Room<Components>) => room.predicted(room.entity, "Transform")?.pos.x ?? NaN;

test("what is predicted is what the logic makes of the inputs; where it knows more, its word counts", async () => {
  const ada = await arenaClient(relay.url, new Cable(), { promptAcks: true }).create("walk");
  const bob = await arenaClient(relay.url).joinById(ada.roomId);
  const x = (room: Room<Components>) => room.state.get(ada.entity, "Transform")?.pos.x ?? NaN;
  await until("the entity", () => x(ada) === 0 && x(bob) === 0);
  walk(ada, 100);
  let inputs = 0;
  let worst = 0;
  const end = ada.onSendTick(() => {
    ada.input(new Float32Array([0.5]).buffer);
    ++inputs;
    for (const shown of [ahead(ada), ada.interpolated(ada.entity, "Transform")?.pos.x ?? NaN]) worst = Math.max(worst, Math.abs(shown - inputs * 0.5));
  });
  await until("a walk", () => {
    worst = Math.max(worst, Math.abs(ahead(ada) - inputs * 0.5));
    return inputs >= 60;
  });
  end();
  assert.ok(worst < 0.01, `off by ${worst}: an input was done twice, or left out`);
  await until("its end, for all", () => x(ada) === inputs * 0.5 && x(bob) === inputs * 0.5);
  walk(ada, Infinity); // the logic has a wall at 100
  let reached = 0;
  const run = ada.onSendTick(() => {
    ada.input(new Float32Array([20]).buffer);
    reached = Math.max(reached, ahead(ada));
  });
  await until("the wall", () => x(bob) === 100);
  run();
  await until("the truth", () => ahead(ada) === 100 && Math.abs((ada.interpolated(ada.entity, "Transform")?.pos.x ?? NaN) - 100) < 0.1);
  assert.ok(reached > 100 && reached < 300, `${reached}`);
  await Promise.all([ada.leave(), bob.leave()]);
});

test("a shield carries on while the first connection stalls, and is raised anew when it is lost", async () => {
  const host = await arenaClient(relay.url).create("trial");
  const ship = sail(host, 8);
  const cable = new Cable();
  const room = await arenaClient(relay.url, cable, { lossShield: true }).joinById(host.roomId);
  await until("copies", () => room.stats.copies > 20);
  assert.equal(cable.sockets.length, 2);
  cable.sockets[0].pause();
  const { shielded } = room.stats;
  const from = room.state.tick;
  await until("frames by the shield alone", () => room.stats.shielded > shielded + 20);
  assert.ok(room.state.tick > from + 15 && room.stateAge < 0.5);
  cable.sockets[0].resume();
  cable.cut();
  const { copies } = room.stats;
  await until("another shield", () => cable.sockets.length === 3 && room.stats.copies > copies + 5);
  assert.equal(room.stats.reconnects, 0, "the seat was never lost");
  cable.sockets[0].terminate();
  await until("the return, with a shield", () => room.stats.reconnects === 1 && cable.sockets.length === 5 && room.stats.copies > copies + 20);
  await until("one state", () => room.state.get(ship, "Transform") !== undefined && room.stateAge < 0.2);
  const counted = { ...room.stats };
  console.log(`# ${counted.frames} frames, ${counted.copies} copies, ${counted.shielded} of them first`);
  await Promise.all([room.leave(), host.leave()]);
});
