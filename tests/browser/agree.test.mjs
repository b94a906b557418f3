// Two pages and a client on the C++ SDK in one room see the same.
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { after, before, test } from "node:test";
import { expectClean, launch, openPage } from "./browser.mjs";
import { Relay, build, until } from "./relay.mjs";

const binary = process.env.ARENA_CLIENT ?? join(build, "bin/tickrelay_arena_client");
let relay, browser;
before(async () => {
  relay = await Relay.start();
  browser = await launch();
});
after(async () => {
  await browser?.close();
  await relay?.stop();
});

/** Notes of each tick what the page sees, as arena_client.cpp prints it: by tick, by entity, [x, z] in mm, own ones left out. */
const takeNotes = (page) => page.evaluate(() => {
  const { room } = tickrelayDemo;
  globalThis.notes = {};
  room.onStateChange((state, tick) => {
    const places = {};
    for (const [entity, { pos }] of state.each("Transform")) {
      if (state.owner(entity) !== room.player) places[entity] = [Math.round(pos.x * 1000), Math.round(pos.z * 1000)];
    }
    notes[tick] = places;
  });
});

test("two pages and a C++ client agree at every tick that they have in common", async () => {
  const pages = [await openPage(browser, relay.demo), await openPage(browser, relay.demo)];
  for (const page of pages) {
    await until("a ship", () => page.evaluate(() => (globalThis.tickrelayDemo?.game.entity ?? 0) !== 0));
    await takeNotes(page);
  }
  const native = spawn(binary, [`ws://${relay.players}`, "3", "5"]);
  const ofNative = {};
  let errors = "";
  native.stderr.on("data", (data) => (errors += data));
  createInterface({ input: native.stdout }).on("line", (line) => {
    const space = line.indexOf(" ");
    if (/^\d/.test(line)) ofNative[line.slice(0, space)] = JSON.parse(line.slice(space + 1));
  });
  await pages[0].keyboard.down("ArrowRight");
  await pages[1].keyboard.down("ArrowUp");
  const code = await new Promise((resolve) => native.once("exit", resolve));
  assert.equal(code, 0, errors);

  const [one, two] = await Promise.all(pages.map((page) => page.evaluate(() => notes)));
  for (const [what, a, b] of [["the pages", one, two], ["a page and C++", one, ofNative], ["the other and C++", two, ofNative]]) {
    const common = Object.keys(a).filter((tick) => tick in b);
    assert.ok(common.length > 40, `${what}: ${common.length} ticks in common`);
    let places = 0;
    for (const tick of common) {
      for (const [entity, place] of Object.entries(a[tick])) {
        if (!(entity in b[tick])) continue; // the other's own
        ++places;
        assert.deepEqual(place, b[tick][entity], `${what}, tick ${tick}, entity ${entity}`);
      }
    }
    console.log(`# ${what}: ${common.length} ticks, ${places} places`);
    assert.ok(places > 1000, `${what}: ${places} places`);
  }
  // Each sees the other two: 12 bots, 36 gems and two ships more than its own.
  const last = (notes) => Object.keys(notes[Math.max(...Object.keys(notes))]).length;
  assert.ok(last(ofNative) >= 12 + 36 + 2, `${last(ofNative)} at the C++ client`);
  pages.forEach(expectClean);
});
