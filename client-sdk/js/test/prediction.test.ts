// Own inputs that show at once, and how they agree with what the relay says later.
import assert from "node:assert/strict";
import { test } from "node:test";
import { PredictOptions } from "../src/feel/prediction.js";
import { SessionOptions } from "../src/session/session.js";
import { bodies, body, frame, welcome, yours } from "./bytes.js";
import { chanceOf } from "./chance.js";
import { Player, close } from "./player.js";

const step = (value: { at: { x: number } }, input: Uint8Array) => void (value.at.x += input[0]);
const push = (player: Player, by: number) => player.room.input(Uint8Array.of(by));

function predicting(options: Partial<SessionOptions> = {}, how: PredictOptions = {}): Player {
  const player = new Player(options);
  player.room.predict(7, "Body", step, how); // before it is there
  assert.equal(player.room.predicted(7, "Body"), undefined);
  return player.whole(21, 10);
}

const predicted = (player: Player) => (player.room.predicted(7, "Body") as { at: { x: number } }).at.x;

test("an input shows at once; the relay's value counts as soon as it says which inputs it holds", () => {
  const player = predicting();
  const [one, two] = [push(player, 3), push(player, 4)];
  assert.deepEqual([player.drawn(7), predicted(player)], [17, 17]);
  assert.equal((player.room.state.get(7, "Body") as { at: { x: number } }).at.x, 10);
  player.moves(22, 13, { id: 7, applied: one });
  assert.deepEqual([player.drawn(7), predicted(player)], [17, 17], "as it was foretold");
  player.moves(23, 17, { id: 7, applied: two });
  assert.deepEqual([player.drawn(7), predicted(player)], [17, 17]);
  player.moves(24, 30, { id: 7 });
  assert.equal(predicted(player), 30, "nothing is on its way: what the relay says is all there is");
});

test("a frame that does not say how far inputs are in it does not move the ground", () => {
  const player = predicting();
  push(player, 3);
  player.moves(22, 13, { id: 7 });
  assert.equal(predicted(player), 13, "the input may be in it, or not");
  player.session.received(yours(22, 1), player.nowUs);
  assert.equal(predicted(player), 13);
  const prompt = predicting({ promptAcks: true });
  push(prompt, 3);
  prompt.moves(22, 20, { id: 7 });
  assert.equal(predicted(prompt), 23, "it would have been said");
});

test("what the relay has taken up of a tick that a shield's copy has passed says nothing of the present one", () => {
  const player = predicting();
  const one = push(player, 3);
  push(player, 4);
  const copy = (tick: number, x: number) =>
    player.session.shield.received(frame({ tick, base: tick - 1, columns: [{ component: body, ids: [7], masks: [1], values: bodies([x, 0, 0n]).slice(0, 4) }] }), player.nowUs);
  player.session.shield.dialled(player.link, player.nowUs);
  copy(22, 13);
  copy(23, 17);
  player.session.received(yours(22, one), player.nowUs);
  assert.equal(predicted(player), 17, "the second input may be in it already");
  player.session.received(yours(23, one + 1), player.nowUs);
  assert.equal(predicted(player), 17);
});

test("a step may give another value, and one that throws leaves the relay's", () => {
  const player = new Player();
  player.room.predict(7, "Body", (value: { at: { x: number; y: number }; big: bigint }, input) => ({ ...value, at: { x: value.at.x * input[0], y: 1 } }));
  player.whole(21, 10);
  push(player, 2);
  assert.deepEqual(player.room.predicted(7, "Body"), { at: { x: 20, y: 1 }, big: 3n });
  const later: (() => void)[] = [];
  const own = globalThis.queueMicrotask;
  globalThis.queueMicrotask = (call) => void later.push(call);
  player.room.predict(7, "Body", () => { throw new Error("the game's own"); });
  push(player, 2);
  assert.equal(predicted(player), 10);
  globalThis.queueMicrotask = own;
  assert.throws(() => later[0](), /the game's own/);
  player.room.stopPredicting(7, "Body");
  assert.equal(player.room.predicted(7, "Body"), undefined);
  assert.throws(() => player.room.predict(7, "Note", () => {}), /'Note' is a table/);
});

test("a correction is glided over, or jumps beyond a limit", () => {
  const player = predicting();
  const seq = push(player, 3);
  player.moves(22, 11, { id: 7, applied: seq });
  assert.equal(predicted(player), 11);
  close(player.drawn(7), 13, "no jump");
  let shown = 13;
  for (let ms = 0; ms < 300; ms += 10) {
    player.pass(10_000);
    const now = player.drawn(7);
    assert.ok(now <= shown && shown - now < 0.7, `${shown} to ${now}`);
    shown = now;
  }
  close(shown, 11, "in the end", 0.01);
  const abrupt = predicting({}, { snapBeyond: 1 });
  abrupt.moves(22, 11, { id: 7, applied: push(abrupt, 3) });
  close(abrupt.drawn(7), 11);
  const hard = predicting({}, { smoothS: 0 });
  hard.moves(22, 11, { id: 7, applied: push(hard, 3) });
  close(hard.drawn(7), 11);
});

test("inputs that a lost connection took along do not come again; those that wait do", () => {
  const player = predicting();
  push(player, 3);
  player.pass(1); // it leaves
  player.session.closed(1006, "", player.nowUs);
  const waiting = push(player, 4);
  player.pass(500_000);
  player.dial();
  player.hear(welcome({ resumed: true, applied: 0, layout: null, serverUs: BigInt(player.nowUs) }));
  player.moves(22, 10, { id: 7, applied: 0 });
  assert.equal(predicted(player), 14);
  player.moves(23, 14, { id: 7, applied: waiting });
  assert.equal(predicted(player), 14);
});

test("over a slow link that wavers, a step that does what the relay does is never corrected", () => {
  for (let seed = 1; seed <= 20; ++seed) {
    const chance = chanceOf(seed);
    const player = predicting();
    const up: { atUs: number; seq: number; by: number }[] = [];
    const down: { atUs: number; messages: Uint8Array[] }[] = [];
    const relay = { x: 10, applied: 0, told: 0, tick: 21 };
    let foretold = 10;
    const later = (queue: { atUs: number }[], us: number) => Math.max(player.nowUs + us, queue[queue.length - 1]?.atUs ?? 0);
    const tick = () => {
      for (; up.length > 0 && up[0].atUs <= player.nowUs; relay.applied = (up.shift() as (typeof up)[0]).seq) relay.x += up[0].by;
      const base = relay.tick++;
      const column = { component: body, ids: [7], masks: [1], values: bodies([relay.x, 0, 0n]).slice(0, 4) };
      const messages = [frame({ tick: relay.tick, base, columns: [column] })];
      if (relay.applied > relay.told && chance(2) === 0) messages.unshift(yours(relay.tick, (relay.told = relay.applied)));
      down.push({ atUs: later(down, 40_000 + chance(60_000)), messages });
    };
    for (let step = 0; step < 2000; ++step) {
      player.pass(5_000);
      while (down.length > 0 && down[0].atUs <= player.nowUs) player.hear(...(down.shift() as (typeof down)[0]).messages);
      if (chance(8) === 0) {
        const by = foretold > 80 ? 0 : chance(3);
        foretold += by;
        up.push({ atUs: later(up, 60_000 + chance(80_000)), seq: push(player, by), by });
      }
      if (step % 10 === 9) tick();
      assert.equal(predicted(player), foretold, `seed ${seed}, step ${step}`);
      close(player.drawn(7), foretold);
    }
    assert.ok(relay.x > 50 && relay.told > 50);
  }
});
