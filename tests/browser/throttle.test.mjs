// The sliders: a page with a bad network keeps a bounded state age, another one does not notice.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { expectClean, launch, openPage } from "./browser.mjs";
import { Relay, until } from "./relay.mjs";

let relay, browser;
before(async () => {
  relay = await Relay.start();
  browser = await launch();
});
after(async () => {
  await browser?.close();
  await relay?.stop();
});

const slide = (page, id, value) => page.evaluate(([name, to]) => {
  const slider = document.getElementById(name);
  slider.value = to;
  slider.dispatchEvent(new Event("input", { bubbles: true }));
}, [id, value]);

/** State ages in ms, sampled each 20 ms for so long. */
const ages = (page, ms) => page.evaluate((forMs) => new Promise((resolve) => {
  const found = [];
  const timer = setInterval(() => found.push(tickrelayDemo.room.stateAge * 1000), 20);
  setTimeout(() => {
    clearInterval(timer);
    resolve(found.sort((a, b) => a - b));
  }, forMs);
}), ms);
const p95 = (sorted) => sorted[Math.floor(sorted.length * 0.95)];

test("a throttled page's state age is bounded, an unthrottled page is untouched", async () => {
  const [slow, quick] = [await openPage(browser, relay.demo), await openPage(browser, relay.demo)];
  for (const page of [slow, quick]) await until("a ship", () => page.evaluate(() => (globalThis.tickrelayDemo?.game.entity ?? 0) !== 0));
  await slide(slow, "rate", 0); // 4 kB/s
  await slide(slow, "delay", 200);
  await slide(slow, "jitter", 40);
  const playerId = await slow.evaluate(() => tickrelayDemo.room.playerId);
  const { room_id: id } = (await relay.call("room.list")).rooms[0];
  await until("the relay plays that network", async () => {
    const { players } = await relay.call("room.info", { room_id: id });
    return players.find((player) => player.player_id === playerId)?.simulated?.delay_ms === 200;
  });
  await until("the page measures the delay", () => slow.evaluate(() => tickrelayDemo.room.latency > 0.12), 15_000);
  await slow.waitForTimeout(3000);
  const [bad, good] = await Promise.all([ages(slow, 5000), ages(quick, 5000)]);
  console.log(`# state age p95: throttled ${p95(bad).toFixed(0)} ms, not throttled ${p95(good).toFixed(0)} ms`);
  assert.ok(p95(bad) > 100, "it is throttled");
  assert.ok(p95(bad) < 2500, `throttled: ${p95(bad)} ms`);
  assert.ok(p95(good) < p95(bad) / 1.5, `not throttled: ${p95(good)} ms beside ${p95(bad)} ms`);
  for (const [name, value] of [["rate", 5], ["delay", 0], ["jitter", 0]]) await slide(slow, name, value);
  await until("all is well again", () => slow.evaluate(() => tickrelayDemo.room.stateAge < 0.15), 15_000);
  [slow, quick].forEach(expectClean);
});

test("loss makes stalls, loses nothing, and ends with the slider", async () => {
  const [lossy, other] = [await openPage(browser, relay.demo), await openPage(browser, relay.demo)];
  for (const page of [lossy, other]) await until("a ship", () => page.evaluate(() => (globalThis.tickrelayDemo?.game.entity ?? 0) !== 0));
  const smooth = await ages(lossy, 3000);
  await slide(lossy, "loss", 20);
  const playerId = await lossy.evaluate(() => tickrelayDemo.room.playerId);
  const { room_id: id } = (await relay.call("room.list")).rooms[0];
  await until("the relay loses packets", async () => {
    const { players } = await relay.call("room.info", { room_id: id });
    return Math.abs((players.find((player) => player.player_id === playerId)?.simulated?.loss ?? 0) - 0.2) < 0.001;
  });
  const stalled = await ages(lossy, 5000);
  const last = (sorted) => sorted[sorted.length - 1];
  console.log(`# state age at most: ${last(stalled).toFixed(0)} ms with loss, ${last(smooth).toFixed(0)} ms without`);
  assert.ok(last(stalled) > last(smooth) + 100, `with loss ${last(stalled)} ms, without ${last(smooth)} ms`);
  for (let i = 0; i < 10; ++i) {
    await other.fill("#text", `line ${i}`);
    await other.click("#send");
  }
  await until("every line, in order", () => lossy.evaluate(() => {
    const lines = [...document.querySelectorAll("#lines li")].map((line) => line.textContent).filter((line) => /line \d$/.test(line));
    return lines.length === 10 && lines.every((line, i) => line.endsWith(`line ${i}`));
  }), 20_000);
  await slide(lossy, "loss", 0);
  await until("all is well again", () => lossy.evaluate(() => tickrelayDemo.room.stateAge < 0.15), 15_000);
  [lossy, other].forEach(expectClean);
});
