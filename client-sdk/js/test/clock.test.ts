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
