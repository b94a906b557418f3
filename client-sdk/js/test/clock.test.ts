import assert from "node:assert/strict";
import { test } from "node:test";
import { Backoff } from "../src/session/backoff.js";
import { IdBlocks } from "../src/session/id_blocks.js";
import { ServerClock } from "../src/session/server_clock.js";
import { socketUrl } from "../src/link/url.js";
import { socketConstructor } from "../src/link/link.js";
import { chanceOf } from "./chance.js";

test("the relay's clock is slewed: whatever pings say, it never jumps and never goes back", () => {
  const chance = chanceOf(5);
  const clock = new ServerClock();
  let nowUs = 1_000_000;
  clock.sample(nowUs - 40_000, nowUs, 9_000_000 - 20_000);
  let shown = clock.relayUs(nowUs);
  let rendered = clock.renderUs(nowUs);
  for (let n = 0; n < 5000; ++n) {
    const passed = chance(30_000);
    nowUs += passed;
    const before = clock.relayUs(nowUs);
    const trip = 10_000 + chance(300_000);
    const truth = 8_000_000 + nowUs + (n > 2500 ? 3_000_000 : 0); // the relay's clock leaps
    if (chance(4) === 0) clock.sample(nowUs - trip, nowUs, truth - chance(trip));
    if (chance(2) === 0) clock.frame(nowUs, truth - chance(100_000), 50_000);
    assert.equal(clock.relayUs(nowUs), before, "no jump");
    assert.ok(Math.abs(clock.relayUs(nowUs) - shown - passed) <= passed * 0.0201 + 1);
    if (n > 100) assert.ok(clock.renderUs(nowUs) >= rendered - 1, `render time goes back by ${rendered - clock.renderUs(nowUs)}`);
    shown = clock.relayUs(nowUs);
    rendered = clock.renderUs(nowUs);
  }
});

test("of several round trips the least counts", () => {
  const clock = new ServerClock();
  for (let n = 0; n < 20; ++n) {
    const nowUs = 1_000_000 + n * 1_000_000;
    const trip = n === 12 ? 2_000 : 200_000;
    clock.sample(nowUs - trip, nowUs, nowUs - 1_000 + 500_000); // all the way up, nothing on the way down
  }
  assert.ok(Math.abs(clock.relayUs(40_000_000) - 40_500_000) < 10);
});

test("on a quiet link the clock is within 2 ms of the relay's, whatever is slow up or down and however the clocks drift", () => {
  for (const [up, down] of [[20_000, 20_000], [5_000, 5_000], [60_000, 60_000]]) {
    const chance = chanceOf(up);
    const clock = new ServerClock();
    const truth = (nowUs: number) => 7_000_000 + nowUs * 1.00005; // 50 ppm apart
    for (let n = 0; n < 400; ++n) {
      const sentUs = 1_000_000 + n * (n < 6 ? 100_000 : 2_000_000);
      // Most are held up on one way or the other, few on neither.
      const slow = chance(4);
      const readUs = sentUs + up + chance(slow === 1 || slow === 3 ? 40_000 : 700);
      const backUs = readUs + down + chance(slow === 2 || slow === 3 ? 40_000 : 700);
      clock.sample(sentUs, backUs, Math.round(truth(readUs)));
      if (n === 5) clock.frame(backUs + 1000, truth(backUs + 1000) - down, 50_000);
      if (n < 60) continue;
      const off = clock.relayUs(backUs + 1_000_000) - truth(backUs + 1_000_000);
      assert.ok(Math.abs(off) < 2_000, `${off} us off at ping ${n}`);
    }
  }
});

test("clocks that drift apart are followed", () => {
  const clock = new ServerClock();
  const truth = (nowUs: number) => nowUs * 1.001; // far worse than any real one
  let worst = 0;
  for (let sentUs = 1_000_000; sentUs < 200_000_000; sentUs += 2_000_000) {
    clock.sample(sentUs, sentUs + 4_000, truth(sentUs + 2_000));
    worst = Math.max(worst, Math.abs(clock.relayUs(sentUs + 1_000_000) - truth(sentUs + 1_000_000)));
  }
  assert.ok(worst < 5_000, `${worst} us`);
});

test("99 of 100 frames are there when they are drawn", () => {
  const chance = chanceOf(8);
  const clock = new ServerClock();
  clock.sample(1_000_000, 1_000_000, 1_000_000); // the clocks are one
  let late = 0;
  for (let n = 1; n <= 2000; ++n) {
    const tickUs = 1_000_000 + n * 50_000;
    const atUs = tickUs + 10_000 + (chance(100) === 0 ? chance(80_000) : chance(8_000));
    if (n > 200 && clock.renderUs(atUs) > tickUs - 50_000) ++late; // drawn beyond the frame before it
    clock.frame(atUs, tickUs, 50_000);
    if (n > 200) assert.ok(clock.relayUs(atUs) - clock.renderUs(atUs) < 160_000);
  }
  assert.ok(late <= 30, `${late} of 1800`);
});

test("waits grow to 15 s, over all of them at random", () => {
  const most = new Backoff(() => 0.999999);
  assert.deepEqual(Array.from({ length: 7 }, () => Math.ceil(most.nextUs() / 1e6)), [1, 2, 4, 8, 15, 15, 15]);
  most.reset();
  assert.equal(Math.ceil(most.nextUs() / 1e6), 1);
  assert.equal(new Backoff(() => 0).nextUs(), 0);
});

test("ids are taken in increasing order, each once, whatever is told twice", () => {
  const ids = new IdBlocks();
  ids.add(10, 2);
  ids.add(10, 3);
  ids.add(5, 1);
  ids.add(0, 9);
  ids.add(0xffffffff, 9);
  assert.deepEqual([ids.take(), ids.take(), ids.take(), ids.take(), ids.take()], [5, 10, 11, 12, 0]);
  ids.add(10, 3);
  assert.equal(ids.take(), 0);
  ids.forget();
  ids.add(11, 4);
  assert.deepEqual([ids.take(), ids.take(), ids.take()], [13, 14, 0]);
});

test("a URL is what a game writes, /v1 is added where it is missing", () => {
  assert.equal(socketUrl("ws://localhost:8350"), "ws://localhost:8350/v1");
  assert.equal(socketUrl("wss://play.example/n/node-1/"), "wss://play.example/n/node-1/v1");
  assert.equal(socketUrl("ws://[::1]:8350/v1"), "ws://[::1]:8350/v1");
  for (const [bad, why] of [["http://x", /neither ws/], ["ws://", /odd/], ["ws://x/?y=1", /no query/], ["ws://u:p@x", /no user name/], ["ws://x:99999", /odd/]] as const)
    assert.throws(() => socketUrl(bad), why, bad);
});

test("without a WebSocket the error says where to get one", () => {
  const own = (globalThis as { WebSocket?: unknown }).WebSocket;
  try {
    (globalThis as { WebSocket?: unknown }).WebSocket = undefined;
    assert.throws(() => socketConstructor(undefined), /npm install ws.*new Client\(url, \{ WebSocket \}\)/);
  } finally {
    (globalThis as { WebSocket?: unknown }).WebSocket = own;
  }
});
