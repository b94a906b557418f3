// The demo page: it moves, it is flown by keys, mouse and finger, it comes back, and everybody can use it.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { expectAccessible, tabOrder } from "./access.mjs";
import { desktop, expectClean, launch, openPage, phone, screenshot } from "./browser.mjs";
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

const figures = (page) => page.evaluate(() => globalThis.tickrelayDemo?.panel.figures ?? {});
const ship = (page) => page.evaluate(() => {
  const { game } = tickrelayDemo;
  return { entity: game.entity, x: game.ship.x, z: game.ship.z };
});
const seated = (page) => until("a ship of one's own", () => page.evaluate(() => (globalThis.tickrelayDemo?.game.entity ?? 0) !== 0));

async function playing(options) {
  const page = await openPage(browser, relay.demo, options);
  await seated(page);
  return page;
}

async function close(page) {
  expectClean(page);
  await page.context().close();
}

test("the demo is served with a policy that lets nothing else in", async () => {
  const { status, headers } = await fetch(relay.demo);
  assert.equal(status, 200);
  assert.match(headers.get("content-type"), /^text\/html/);
  assert.match(headers.get("content-security-policy"), /^default-src 'self'/);
  assert.equal((await fetch(`http://${relay.players}/demo/%2e%2e/dashboard/main.js`)).status, 404);
});

test("things move within a second of opening", async () => {
  const began = performance.now();
  const page = await openPage(browser, relay.demo);
  const bots = () => page.evaluate(() => {
    const { room } = globalThis.tickrelayDemo ?? {};
    return room === undefined ? [] : [...room.state.each("Transform")].filter(([id]) => !room.state.has(id, "Health")).map(([id, { pos }]) => [id, pos.x, pos.z]);
  });
  const first = await until("bots", async () => {
    const found = await bots();
    return found.length >= 12 && found;
  });
  await until("bots that move", async () => JSON.stringify(await bots()) !== JSON.stringify(first));
  const ms = performance.now() - began;
  console.log(`# moving after ${Math.round(ms)} ms, the page's load included`);
  assert.ok(ms < 5000, `${ms} ms`); // a second on a quiet machine
  const drawn = await page.evaluate(() => {
    const canvas = document.getElementById("field");
    const { data } = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height);
    return new Set(new Uint32Array(data.buffer)).size;
  });
  assert.ok(drawn > 50, `${drawn} colours on the canvas`);
  await close(page);
});

test("arrow keys and WASD fly the ship, and what the relay knows of it follows", async () => {
  const page = await playing();
  for (const key of ["ArrowLeft", "d", "ArrowUp", "s"]) {
    const from = await ship(page);
    await page.keyboard.down(key);
    await until(`the ship moves by ${key}`, async () => {
      const { x, z } = await ship(page);
      return Math.hypot(x - from.x, z - from.z) > 1;
    });
    await page.keyboard.up(key);
  }
  const { entity } = await ship(page);
  const { rooms } = await relay.call("room.list");
  await until("the relay has the ship where the page has it", async () => {
    const { x, z } = await ship(page);
    const { entities } = await relay.call("room.state", { room_id: rooms[0].room_id });
    const there = entities[entity]?.["arena.Transform"]?.pos;
    return there !== undefined && Math.hypot(there.x - x, there.z - z) < 1;
  });
  await close(page);
});

test("the mouse flies it, and so does a finger on a phone", async () => {
  for (const size of [desktop, phone]) {
    const page = await playing({ size });
    const from = await ship(page);
    const { x, y } = await page.evaluate(() => tickrelayDemo.game.field.onScreen(tickrelayDemo.game.ship));
    const at = { x: x < size.viewport.width / 2 ? x + 130 : x - 130, y: Math.min(y, size.viewport.height - 260) };
    if (size === desktop) await page.mouse.move(at.x, at.y);
    else {
      const devtools = await page.context().newCDPSession(page);
      await devtools.send("Input.dispatchTouchEvent", { type: "touchStart", touchPoints: [at] });
    }
    await until("the ship moves", async () => {
      const now = await ship(page);
      return Math.hypot(now.x - from.x, now.z - from.z) > 1;
    });
    await close(page);
  }
});

test("the panel's figures are measured", async () => {
  const page = await playing();
  await until("figures", async () => (await figures(page)).bytesPerS > 0 && (await figures(page)).fps > 20);
  await page.waitForTimeout(2500);
  const { room_id: id } = (await relay.call("room.list")).rooms[0];
  const shown = await figures(page);
  console.log(`# ${JSON.stringify(shown)}`);
  assert.ok(shown.jsonPerS > 3 * shown.bytesPerS, `JSON ${shown.jsonPerS}, received ${shown.bytesPerS} B/s`);
  assert.ok(shown.ageMs >= 0 && shown.ageMs < 1000, `state age ${shown.ageMs} ms`);
  const playerId = await page.evaluate(() => tickrelayDemo.room.playerId);
  const { players } = await relay.call("room.info", { room_id: id });
  const told = players.find(({ player_id: each }) => each === playerId);
  assert.ok(Math.abs(told.bytes_per_s - shown.bytesPerS) < 0.5 * told.bytes_per_s, `the relay says ${told.bytes_per_s} B/s, the page ${shown.bytesPerS}`);
  await close(page);
});

test("who flies over a gem has it counted, and it lies elsewhere then", async () => {
  const page = await playing();
  const gem = await page.evaluate(() => {
    const { room, game } = tickrelayDemo;
    const [id] = [...room.state.each("Health")][0];
    const { pos } = room.state.get(id, "Transform");
    Object.assign(game.ship, { x: pos.x, z: pos.z, speedX: 0, speedZ: 0 });
    return { id, x: pos.x };
  });
  await until("a score of one's own", () => page.evaluate(() => tickrelayDemo.room.state.get(tickrelayDemo.room.entity, "Score").kills > 0));
  await until("the gem elsewhere", () => page.evaluate(({ id, x }) => tickrelayDemo.room.state.get(id, "Transform").pos.x !== x, gem));
  await until("the score on the page", () => page.evaluate(() => Number(document.querySelector("#scores .own + .points")?.textContent ?? 0) > 0));
  await close(page);
});

test("chat reaches the other page as text, never as markup", async () => {
  const [one, two] = [await playing(), await playing()];
  await one.fill("#text", "<img src=x onerror=alert(1)> hello");
  await one.keyboard.press("Enter");
  await until("the line", () => two.evaluate(() => document.getElementById("lines").textContent.includes("<img src=x onerror=alert(1)> hello")));
  assert.equal(await two.locator("#lines img").count(), 0);
  await close(one);
  await close(two);
});

test("another name is another seat, and the old one is left", async () => {
  const page = await playing();
  const watcher = await playing();
  const before = await page.evaluate(() => tickrelayDemo.room.player);
  await page.fill("#name", "Zoe");
  await Promise.all([page.waitForNavigation(), page.press("#name", "Tab")]);
  await seated(page);
  await until("Zoe among the players", () => watcher.evaluate(() => tickrelayDemo.room.players.some(({ options }) => options.name === "Zoe")));
  assert.equal(await watcher.evaluate((number) => tickrelayDemo.room.players.some((player) => player.number === number), before), false);
  await close(page);
  await close(watcher);
});

test("a dropped connection comes back to the same ship", async () => {
  const page = await playing();
  const { entity } = await ship(page);
  await page.click("#drop");
  await until("the drop is seen", () => page.evaluate(() => tickrelayDemo.room.phase !== "joined"));
  await until("back", () => page.evaluate(() => tickrelayDemo.room.phase === "joined" && tickrelayDemo.room.stats.reconnects === 1), 15_000);
  const tick = await page.evaluate(() => tickrelayDemo.room.state.tick);
  await until("new ticks", () => page.evaluate((before) => tickrelayDemo.room.state.tick > before, tick));
  assert.equal((await ship(page)).entity, entity);
  assert.match(await page.textContent("#notice"), /^Back after .* s, in the same seat$/);
  await close(page);
});

test("a page that was killed and opened again goes on in its seat", async () => {
  const page = await playing();
  const before = { ...(await ship(page)), player: await page.evaluate(() => tickrelayDemo.room.player) };
  await page.waitForTimeout(1000); // the seat is kept once in half a second
  const context = page.context();
  const devtools = await context.newCDPSession(page);
  devtools.send("Page.crash").catch(() => {});
  await new Promise((resolve) => page.once("crash", resolve));
  await page.close();
  await new Promise((resolve) => setTimeout(resolve, 3000)); // until another tab may take its seat
  const again = await context.newPage();
  await again.goto(relay.demo);
  await seated(again);
  assert.equal(await again.evaluate(() => tickrelayDemo.room.player), before.player);
  assert.equal((await ship(again)).entity, before.entity);
  await context.close();
});

test("everyone can use it: names, contrast in light and dark, the order of Tab", async () => {
  for (const [name, options] of Object.entries({
    "demo-light": {}, "demo-dark": { colorScheme: "dark" }, "demo-phone": { colorScheme: "dark", size: phone }, "demo-phone-light": { size: phone },
  })) {
    const page = await playing(options);
    await page.evaluate(() => (document.getElementById("panel").open = true));
    await until("figures", async () => (await figures(page)).fps > 0);
    await expectAccessible(page);
    await screenshot(page, name);
    const wide = await page.evaluate(() => document.documentElement.scrollWidth > innerWidth);
    assert.equal(wide, false, "nothing stands out of the screen");
    await close(page);
  }
  const page = await playing();
  const order = await tabOrder(page);
  assert.deepEqual(order, ["field", "summary", "rate", "delay", "jitter", "loss", "drop", "name", "text", "send"].slice(0, order.length));
  assert.ok(order.length >= 8, order.join());
  await close(page);
});

test("only a relay that listens beyond this machine tells phones where to come", async () => {
  const { urls } = await (await fetch(`http://${relay.players}/demo/urls.json`)).json();
  assert.deepEqual(urls, []);
});
