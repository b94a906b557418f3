// When inputs leave, so that they reach the relay just before its tick, over simulated links.
import assert from "node:assert/strict";
import { test } from "node:test";
import { SendPhase } from "../src/feel/send_phase.js";
import { Seat as SeatFacts } from "../src/session/seat.js";
import { ServerClock } from "../src/session/server_clock.js";
import { frame, yours } from "./bytes.js";
import { chanceOf } from "./chance.js";
import { Player, close, tickUs } from "./player.js";
import * as wire from "./wire/index.js";

interface Way { upUs(): number; rate: number; ticks: number; aligned: boolean; polledUs?: number }

/** How long before its tick the relay read each of the last inputs, over a link. */
function earliness({ upUs, rate, ticks, aligned, polledUs = 1_000 }: Way): number[] {
  const periodUs = 1e6 / rate;
  const clock = new ServerClock();
  clock.sample(900_000, 960_000, 1_930_000); // the relay is 1 s ahead, a round trip 60 ms
  const seat = new SeatFacts();
  Object.assign(seat, { tickRate: rate, tickZeroUs: 0 });
  const phase = new SendPhase(aligned, clock, seat);
  phase.start(false, 1_007_000);
  const answers: { atUs: number; seq: number; earlyUs: number }[] = [];
  const early: number[] = [];
  let seq = 0;
  for (let nowUs = 1_007_000; early.length < ticks; nowUs += polledUs) {
    while (answers.length > 0 && answers[0].atUs <= nowUs) {
      const { seq: applied, earlyUs } = answers.shift() as (typeof answers)[0];
      phase.told(applied, earlyUs);
    }
    if (!phase.step(nowUs)) continue;
    phase.wrote(++seq, nowUs);
    phase.flushed();
    const readUs = nowUs + 1_000_000 + upUs();
    const tick = Math.ceil(readUs / periodUs);
    const earlyUs = Math.max(1, Math.round(tick * periodUs - readUs));
    answers.push({ atUs: tick * periodUs - 1_000_000 + 30_000, seq, earlyUs });
    early.push(earlyUs);
  }
  return early.slice(-Math.floor(ticks / 2)).sort((a, b) => a - b);
}

const mean = (list: number[]) => list.reduce((sum, each) => sum + each, 0) / list.length;

test("inputs come to reach the relay just before its tick, however long their way is", () => {
  for (const [rate, way, jitter] of [[20, 30_000, 1_000], [20, 71_000, 4_000], [60, 25_000, 1_000], [60, 3_000, 500], [10, 140_000, 8_000]]) {
    const chance = chanceOf(way);
    const early = earliness({ upUs: () => way + chance(jitter), rate, ticks: 600, aligned: true });
    const most = jitter + 2_000 + 2_000;
    assert.ok(mean(early) < most, `${rate} Hz, ${way} us: ${mean(early)} us early on average`);
    assert.ok(early.filter((each) => each > most).length < early.length * 0.08, "few miss their tick, and wait for the next");
  }
});

test("where spikes are rare they miss a tick; where they are many they are allowed for", () => {
  for (const [everyMost, spikeUs, least] of [[40, 20_000, "missed"], [3, 12_000, "allowed for"]] as const) {
    const chance = chanceOf(everyMost);
    const early = earliness({ upUs: () => 20_000 + chance(1_000) + (chance(everyMost) === 0 ? spikeUs : 0), rate: 20, ticks: 800, aligned: true });
    const waits = least === "missed" ? 2_000 + 500 + 1_000 + 50_000 / everyMost : 2_000 + (spikeUs * (everyMost - 1)) / everyMost + 2_000;
    assert.ok(mean(early) < waits + 1_500, `${least}: ${mean(early)} us, not ${waits}`);
  }
});

test("without alignment they wait for half a period on average, wherever the phase happens to be", () => {
  const early = Array.from({ length: 40 }, (_, i) => earliness({ upUs: () => 10_000 + i * 1_250, rate: 20, ticks: 20, aligned: false }));
  close(mean(early.map(mean)), 25_000, "half a period", 2_500);
});

test("a single late message does not move the phase, and a pause is not made up", () => {
  const chance = chanceOf(4);
  let count = 0;
  const early = earliness({ upUs: () => 20_000 + chance(1_000) + (++count % 50 === 0 ? 30_000 : 0), rate: 20, ticks: 600, aligned: true });
  assert.ok(early[Math.floor(early.length / 2)] < 4_000, `${early[Math.floor(early.length / 2)]}`);
  const clock = new ServerClock();
  clock.sample(0, 0, 0);
  const seat = Object.assign(new SeatFacts(), { tickRate: 20, tickZeroUs: 0 });
  const phase = new SendPhase(true, clock, seat);
  let calls = 0;
  phase.calls.add(() => ++calls);
  phase.start(false, 0);
  assert.ok(phase.nextUs(0) < 50_000);
  phase.step(phase.nextUs(0));
  phase.step(1_000_000);
  phase.step(1_000_001);
  assert.equal(calls, 2);
  assert.ok(phase.nextUs(1_000_001) <= 1_050_001);
});

test("what onSendTick does leaves at once, and the timer knows when", () => {
  const player = new Player();
  player.whole(21, 10);
  player.link.sent = [];
  let ticks = 0;
  const end = player.room.onSendTick(() => {
    ++ticks;
    player.room.input("step");
  });
  for (let n = 0; n < 20; ++n) {
    const wait = player.session.dueUs - player.nowUs;
    assert.ok(wait >= 0 && wait <= tickUs, `${wait} us`);
    player.pass(Math.ceil(player.room.nextSendTick * 1e6));
    assert.equal(player.actions.filter((action) => action.kind() === wire.ActionKind.Input).length, ticks, "in the same step");
  }
  assert.equal(ticks, 20);
  player.hear(yours(22, 3, { early: [3, 1234] }));
  player.hear(frame({ tick: 22, base: 21 }));
  assert.equal(player.room.stats.earlyUs, 1234);
  end();
  player.pass(5 * tickUs);
  assert.equal(ticks, 20);
});

