// relay/examples/CHAT.md, done as it is written: what it says in its blocks of code is run, and what it shows is what comes.
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import { join as path } from "node:path";
import { test } from "node:test";
import { launch, openPage } from "./browser.mjs";
import { build, Relay, root, until } from "./relay.mjs";

const text = readFileSync(path(root, "relay/examples/CHAT.md"), "utf8");
/** The n-th block of this language, or what is indented under these words. */
const block = (language, n) => [...text.matchAll(/```(\w+)\n([^]*?)```/g)].filter((found) => found[1] === language)[n][2];
const shown = (words) => text.slice(text.indexOf(words)).match(/(?:^ {4}.*\n)+/m)[0].replace(/^ {4}/gm, "").trimEnd().split("\n");

class Console {
  constructor(page) {
    this.page = page;
    this.lines = [];
    page.on("console", (message) => this.lines.push(message.text()));
  }
  /** As one pastes it: the room that it makes is there for the next. */
  say(code) {
    return this.page.evaluate(`(async () => { ${code}; globalThis.room = room; })()`);
  }
  sees(lines) {
    return until(() => JSON.stringify(this.lines), () => lines.every((line) => this.lines.includes(line)));
  }
}

test("the chat of the tutorials", async (t) => {
  const relay = await Relay.start();
  t.after(() => relay.stop());
  const browser = await launch();
  t.after(() => browser.close());
  const open = async () => new Console(await openPage(browser, relay.demo));
  const ctl = (...words) => spawnSync(path(build, "bin/tickrelayctl"), ["--admin", path(relay.folder, "admin.sock"), ...words], { encoding: "utf8" });
  const join = block("js", 0), hello = block("js", 1);

  const ada = await open(), bob = await open();
  await ada.say(join);
  await bob.say(join.replace('"ada"', '"bob"'));
  await bob.sees(["here: ada", "here: bob"]);
  await bob.say(hello);
  await ada.sees(shown("Both see"));
  await bob.sees(shown("Both see"));

  assert.equal(ctl(...block("sh", 0).trim().split(" ").slice(1)).status, 0);
  const early = await open(), late = await open();
  const lobby = join.replace(/joinOrCreate\("chat", /, block("js", 2).match(/joinById\("lobby", /)[0]);
  await early.say(lobby);
  await early.say(hello);
  await early.sees(["say 1 Hello World!"]);
  await late.say(lobby);
  await late.sees(["say 1 Hello World!"]);

  const script = path(relay.folder, "push.php");
  writeFileSync(script, block("php", 0));
  const pushed = spawnSync("php", [script, path(relay.folder, "admin.sock")], { encoding: "utf8" });
  if (pushed.error?.code === "ENOENT") return t.diagnostic("without php-cli the push is not tried");
  assert.equal(pushed.status, 0, pushed.stderr + pushed.stdout);
  await late.sees(shown("All in the lobby see"));
});
