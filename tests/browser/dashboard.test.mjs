// The dashboard: true numbers, many rooms, and nothing is changed without a question.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { expectAccessible, tabOrder } from "./access.mjs";
import { expectClean, launch, openPage, phone, screenshot } from "./browser.mjs";
import { Relay, until } from "./relay.mjs";

const many = 120;
let relay, browser, room_id;
const players = [];
before(async () => {
  relay = await Relay.start();
  browser = await launch();
  for (let i = 0; i < 2; ++i) players.push(await openPage(browser, relay.demo));
  room_id = await until("both players in a room", async () => {
    const { rooms } = await relay.call("room.list");
    return rooms.find((room) => room.players === 2)?.room_id;
  });
  for (let i = 0; i < many; ++i) {
    const map = i === 77 ? "<img src=x onerror=alert(1)>" : "desert";
    await relay.call("room.spawn", { id: `match-${String(i).padStart(3, "0")}`, metadata: { map }, empty_ttl_s: 600 });
  }
});
after(async () => {
  await browser?.close();
  await relay?.stop();
});

const info = (id = room_id) => relay.call("room.info", { room_id: id });
const open = (options) => openPage(browser, relay.dashboard, options);
const openRoom = async (options) => {
  const page = await openPage(browser, `${relay.dashboard}#/rooms/${room_id}`, options);
  await page.locator(".players tbody tr").first().waitFor();
  return page;
};
const close = async (page) => {
  expectClean(page);
  await page.context().close();
};
const number = (text) => Number(text.replaceAll(",", ""));

/** Sum of a metric over its labels. */
async function metric(name) {
  const text = await (await fetch(`http://${relay.operations}/metrics`)).text();
  const lines = text.split("\n").filter((line) => line.startsWith(`${name} `) || line.startsWith(`${name}{`));
  assert.ok(lines.length > 0, `no metric ${name}`);
  return lines.reduce((sum, line) => sum + Number(line.slice(line.lastIndexOf(" ") + 1)), 0);
}

test("the figures are those of /metrics and of the admin socket", async () => {
  const page = await open();
  const figure = (name) => page.locator(`[data-figure=${name}]`).textContent();
  await until("rooms", async () => number(await figure("rooms")) === (await metric("tickrelay_rooms")));
  const relayInfo = await relay.call("relay.info");
  assert.equal(number(await figure("rooms")), relayInfo.rooms);
  assert.equal(relayInfo.rooms, many + 1);
  assert.equal(number(await figure("players")), await metric("tickrelay_players"));
  assert.equal(number(await figure("players")), 2);
  assert.equal(number(await figure("connections")), await metric("tickrelay_connections"));
  // A counter that goes on: what the page says lies between a reading before and one after.
  const before = await metric("tickrelay_ticks_skipped_total");
  let shown;
  await until("the next reading", async () => (shown = number(await figure("ticks_skipped"))) >= before);
  await new Promise((resolve) => setTimeout(resolve, 200));
  assert.ok(shown <= (await metric("tickrelay_ticks_skipped_total")), `${shown} ticks skipped`);
  const rate = async () => Number.parseFloat((await figure("ticks")).replaceAll(",", ""));
  const [ticks, began] = [await metric("tickrelay_ticks_total"), performance.now()];
  await new Promise((resolve) => setTimeout(resolve, 5000));
  const true_rate = (await metric("tickrelay_ticks_total") - ticks) / ((performance.now() - began) / 1000);
  await until(() => `${true_rate} ticks/s`, async () => Math.abs((await rate()) - true_rate) < 0.1 * true_rate + 2);
  await close(page);
});

test("many rooms are searched, sorted and turned over in pages", async () => {
  const page = await open();
  const ids = () => page.locator("#rooms tbody tr td:first-child").allTextContents();
  await until("the fullest room first", async () => (await ids())[0] === room_id);
  assert.equal((await ids()).length, 50);
  assert.match(await page.locator("#rooms-count").textContent(), new RegExp(`1 to 50 of ${many + 1}`));
  await page.locator("#rooms thead button", { hasText: "Room" }).click();
  await until("by id, upward", async () => {
    const now = await ids();
    return now.length === 50 && now.every((id, i) => i === 0 || now[i - 1] <= id);
  });
  const seen = new Set(await ids());
  for (const wanted of ["Page 2 of 3", "Page 3 of 3"]) {
    await page.locator("#page-next").click();
    await until(wanted, async () => (await page.locator("#page-number").textContent()) === wanted);
    for (const id of await ids()) seen.add(id);
  }
  assert.equal(seen.size, many + 1, "every room once");
  assert.ok(await page.locator("#page-next").isDisabled());
  await page.locator("#search").fill("onerror");
  await until("the one that matches", async () => (await ids()).join() === "match-077");
  await page.locator("#rooms a", { hasText: "match-077" }).click();
  await until("its metadata, as text", async () => (await page.locator(".metadata").textContent()).includes("<img src=x onerror=alert(1)>"));
  assert.equal(await page.locator("#room img").count(), 0);
  await close(page);
});

test("a room's page shows what room.info says", async () => {
  const page = await openRoom();
  const truth = await info();
  const names = await page.locator(".players .name").allTextContents();
  assert.deepEqual(names.sort(), truth.players.map((player) => player.player_id).sort());
  assert.match(await page.locator(".map + .legend").textContent(), /entities with a position/);
  await until("entities", async () => number(await page.locator("[data-fact=entities]").textContent()) === (await info()).entities);
  const components = await page.locator("[data-component]").evaluateAll((rows) => rows.map((row) => row.dataset.component));
  for (const { name } of truth.components) assert.ok(components.includes(name), name);
  await page.getByText("Show every field").click();
  const first = page.locator(".entities tbody tr").first();
  await until("the room's own values", async () => (await first.textContent().catch(() => "")).startsWith("0, the room"));
  const pages = page.getByRole("navigation", { name: "Pages of entities" });
  await pages.getByRole("button", { name: "Next" }).click();
  await until("the next page", async () => !(await first.textContent()).startsWith("0, the room"));
  const { entities } = await relay.call("room.state", { room_id });
  const wanted = Object.keys(entities).map(Number).sort((a, b) => a - b)[25];
  assert.equal(await first.locator("td").first().textContent(), String(wanted));
  await until("dots on the map", () => page.locator(".map canvas").evaluate((canvas) => {
    const { data } = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height);
    return new Set(new Uint32Array(data.buffer)).size > 5;
  }));
  await close(page);
});

test("a room's id may hold anything", async () => {
  const ids = ["a/state", "x/../y", "50% off?", "a&limit=1#b", "<b>bold</b>", "ünï", "a+b c"];
  for (const id of ids) await relay.call("room.spawn", { id, metadata: { of: id }, empty_ttl_s: 600 });
  const page = await open();
  for (const id of ids) {
    await page.locator("#search").fill(id);
    await page.locator("#rooms a", { hasText: id }).click();
    await until(`the page of ${id}`, async () => (await page.locator(".room-title").textContent()) === id);
    await until(`the metadata of ${id}`, async () => (await page.locator(".metadata").textContent()).includes(JSON.stringify(id)));
    await page.getByRole("link", { name: "All rooms" }).click();
  }
  for (const id of ids) await relay.call("room.close", { room_id: id });
  await close(page);
});

test("a simulated network is set after the question, and the player's round trip says so", async () => {
  const page = await openRoom();
  const [{ player_id, rtt_ms }] = (await info()).players;
  await page.getByRole("button", { name: `Simulate a network for ${player_id}` }).click();
  await page.keyboard.press("Escape");
  await page.locator("dialog").waitFor({ state: "detached" });
  assert.equal((await info()).players[0].simulated, undefined, "Escape changes nothing");
  await page.getByRole("button", { name: `Simulate a network for ${player_id}` }).click();
  await page.getByLabel("Added to the round trip, in ms").fill("150");
  await page.getByLabel("Packets lost, in %").fill("0.5");
  await page.keyboard.press("Enter");
  await until("the setting", async () => (await info()).players.find((player) => player.player_id === player_id).simulated);
  const { simulated } = (await info()).players.find((player) => player.player_id === player_id);
  assert.deepEqual(simulated, { delay_ms: 150, jitter_ms: 0, loss: 0.005, bytes_per_s: 0 });
  await until("its effect", async () => (await info()).players.find((player) => player.player_id === player_id).rtt_ms >= rtt_ms / 2 + 100, 20_000);
  const row = page.locator(".players tbody tr", { has: page.locator(".name", { hasText: new RegExp(`^${player_id}$`) }) });
  await until("the page says so", async () => (await row.textContent()).includes("+150 ms, 0.5 % lost"));
  await close(page);
});

test("a kick asks first, then the player is gone", async () => {
  const page = await openRoom();
  const { player_id } = (await info()).players[1];
  const kick = page.getByRole("button", { name: `Kick ${player_id}`, exact: true });
  await kick.click();
  assert.equal(await page.getByRole("dialog").getByRole("heading").textContent(), `Kick ${player_id}?`);
  await expectAccessible(page);
  await page.getByRole("dialog").getByRole("button", { name: "Cancel" }).click();
  await new Promise((resolve) => setTimeout(resolve, 300));
  assert.equal((await info()).players.length, 2, "Cancel changes nothing");
  await kick.click();
  await page.getByRole("dialog").getByLabel(/^Reason/).fill("asked to");
  await page.getByRole("dialog").getByRole("button", { name: "Kick" }).click();
  await until("the notice", async () => (await page.locator("#notice").textContent()) === `${player_id} is kicked.`);
  await until("gone from the relay", async () => !(await info()).players.some((player) => player.player_id === player_id && player.connected));
  const kicked = `${await metric("tickrelay_closed_total")}`;
  await page.getByRole("link", { name: "All rooms" }).click();
  await until("closed by reason", async () => {
    const counts = await page.locator("#closed tbody td.number").allTextContents();
    return counts.length > 0 && counts.reduce((sum, count) => sum + number(count), 0) >= Number(kicked);
  });
  await page.locator("#log li", { hasText: "player.kick" }).first().waitFor();
  await close(page);
});

test("drain and close ask first", async () => {
  const page = await openPage(browser, `${relay.dashboard}#/rooms/match-005`);
  await page.getByRole("button", { name: "Close room…" }).click();
  assert.ok((await info("match-005")).room_id, "not before the answer");
  await page.getByRole("dialog").getByRole("button", { name: "Close" }).click();
  await until("back at the overview", () => page.locator("#overview").isVisible());
  await assert.rejects(info("match-005"), /room_not_found/);
  await page.locator("#drain").click();
  await page.keyboard.press("Enter"); // on Cancel, where the focus is
  assert.equal((await relay.call("relay.info")).draining, false);
  await page.locator("#drain").click();
  await page.getByRole("dialog").getByRole("button", { name: "Drain" }).click();
  await until("draining", async () => (await relay.call("relay.info")).draining);
  await page.locator("#undrain").click();
  await page.getByRole("dialog").getByRole("button", { name: "Undrain" }).click();
  await until("no longer", async () => !(await relay.call("relay.info")).draining);
  await close(page);
});

test("an action of another site, of a form, or without permission is refused", async () => {
  const url = `http://${relay.operations}/api/actions/relay.drain`;
  const post = async (to, headers, body = "{}") => (await fetch(to, { method: "POST", headers, body })).status;
  assert.equal(await post(url, { origin: "http://evil.example", "content-type": "application/json" }), 403);
  assert.equal(await post(url, { "content-type": "text/plain" }), 415);
  assert.equal(await post(url, { "content-type": "application/json" }, " ".repeat(5000)), 413);
  assert.equal((await relay.call("relay.info")).draining, false);
  const shows = await Relay.start({ config: `[ops]\nactions = "never"\n` });
  try {
    assert.equal(await post(url.replace(relay.operations, shows.operations), { "content-type": "application/json" }), 403);
    const page = await openPage(browser, shows.dashboard);
    await page.locator("#read-only").waitFor();
    assert.equal(await page.locator("#drain").isVisible(), false);
    await close(page);
  } finally {
    await shows.stop();
  }
});

test("light and dark, wide and narrow: contrast, names, and no page wider than its window", async () => {
  for (const colorScheme of ["light", "dark"]) {
    for (const size of [undefined, phone]) {
      const page = await open({ colorScheme, size });
      await page.locator("#rooms tbody tr").first().waitFor();
      await page.waitForTimeout(1500);
      await expectAccessible(page);
      await screenshot(page, `dashboard-${colorScheme}-${size ? "narrow" : "wide"}`);
      await page.evaluate((id) => { location.hash = `#/rooms/${id}`; }, room_id);
      await page.locator(".players tbody tr").first().waitFor();
      await expectAccessible(page);
      await screenshot(page, `dashboard-room-${colorScheme}-${size ? "narrow" : "wide"}`);
      const over = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
      assert.ok(over <= 0, `${over} px wider than its window`);
      await close(page);
    }
  }
});

test("the keyboard reaches everything, and turns a page", async () => {
  const page = await open();
  await page.locator("#rooms tbody tr").nth(49).waitFor();
  const order = await tabOrder(page, 90);
  for (const id of ["drain", "search", "page-next", "log"]) assert.ok(order.includes(id), `${id} in ${order}`);
  await page.locator("#page-next").focus();
  await page.keyboard.press("Enter");
  await until("page 2", async () => (await page.locator("#page-number").textContent()).startsWith("Page 2"));
  await page.locator("#rooms a").first().focus();
  await page.keyboard.press("Enter");
  await until("the room's page", () => page.locator(".room-title").isVisible());
  await close(page);
});

test("a relay that does not answer is said, not shown as if it were there", async () => {
  const short = await Relay.start();
  const page = await openPage(browser, short.dashboard);
  await until("an answer", async () => (await page.locator("#health").textContent()).startsWith("Up for"));
  await short.stop();
  await until("that it is silent", async () => (await page.locator("#health").textContent()).includes("does not answer"));
  await page.context().close();
});
