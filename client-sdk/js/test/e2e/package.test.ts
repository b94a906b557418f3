// The package as a game gets it: packed, installed in a fresh project, its types compiled, its examples run.
import assert from "node:assert/strict";
import { ChildProcess, spawn, spawnSync } from "node:child_process";
import { copyFileSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { until } from "../wait.js";
import { Relay, arenaClient } from "./relay.js";

const source = join(process.env.TICKRELAY_JS as string, "source");
const root = process.env.TICKRELAY_ROOT as string;
let relay: Relay;
let project: string;
const children: ChildProcess[] = [];

function run(command: string, ...args: string[]): { status: number | null; stdout: string; stderr: string } {
  return spawnSync(command, args, { cwd: project, encoding: "utf8", shell: false });
}

function start(...args: string[]): { child: ChildProcess; text: () => string } {
  const child = spawn(process.execPath, args, { cwd: project });
  children.push(child);
  let text = "";
  child.stdout?.on("data", (data) => (text += data));
  child.stderr?.on("data", (data) => (text += data));
  return { child, text: () => text };
}

before(async () => {
  relay = await Relay.start();
  project = mkdtempSync(join(tmpdir(), "tickrelay-project-"));
  const packed = spawnSync("npm", ["pack", "--ignore-scripts", "--silent", "--pack-destination", project], { cwd: source, encoding: "utf8" });
  assert.equal(packed.status, 0, packed.stderr);
  writeFileSync(join(project, "package.json"), '{ "name": "game", "private": true, "type": "module" }\n');
  const { status, stderr } = run("npm", "install", "--prefer-offline", "--no-audit", "--no-fund", "--loglevel=error", `./${packed.stdout.trim()}`, "ws@8.18.3");
  assert.equal(status, 0, stderr);
  assert.deepEqual(readdirSync(join(project, "node_modules")).filter((name) => !name.startsWith(".")).sort(), ["tickrelay", "ws"], "it needs nothing else");
});

after(async () => {
  children.forEach((child) => child.kill());
  rmSync(project, { recursive: true, force: true });
  await relay.stop();
});

const game = (line: string) => `
import { Client, Room } from "tickrelay";
import { Components, arena } from "./arena.js";
declare const process: { argv: string[] };
declare const console: { log(...values: unknown[]): void };
// @ts-ignore: ws is here without its types
import WebSocket from "ws";

const client = new Client(process.argv[2], { schema: arena, WebSocket });
const room: Room<Components> = await client.joinOrCreate("trial", { name: "ada" });
const ship = room.spawn("Transform", { pos: { x: 4.2 } });
const at = room.state.get(ship, "Transform");
const x: number | undefined = at?.pos.x;
room.interpolate("Transform");
room.predict(ship, "Transform", (value, input) => { value.pos.x += input[0]; });
room.input(Uint8Array.of(2));
const ahead: number | undefined = room.interpolated(ship, "Transform")?.pos.x;
room.onChange("Health", (entity, { points }, before) => console.log(entity, points - (before?.points ?? 0)));
room.set(ship, "Health", { points: 3 });
${line}
console.log(x?.toFixed(1), ahead?.toFixed(1), room.player, (await room.request("sum", [1, 2]).catch((error: Error) => error.message)));
await room.leave();
`;

test("a fresh project installs it, makes the schema's types, compiles strictly and plays", () => {
  for (const name of ["arena.fbs"]) copyFileSync(join(root, "schema/examples", name), join(project, name));
  const made = run(join(project, "node_modules/.bin/tickrelay-schema"), "arena.fbs");
  assert.deepEqual([made.status, made.stderr], [0, ""]);
  const compile = (line = "") => {
    writeFileSync(join(project, "game.ts"), game(line));
    const options = ["--strict", "--target", "es2022", "--lib", "es2022", "--module", "node16", "--moduleResolution", "node16", "game.ts"];
    return run(process.execPath, join(source, "../node_modules/typescript/bin/tsc"), ...options).stdout;
  };
  assert.match(compile('room.set(ship, "Transform", { pos: { w: 1 } });'), /'w' does not exist/);
  assert.match(compile('room.set(ship, "Transfrom", {});'), /"Transfrom"/);
  assert.match(compile('room.predict(ship, "Transform", (value) => { value.pos.w = 1; });'), /'w' does not exist/);
  assert.match(compile('const wrong: string = room.state.get(ship, "Score")?.kills;'), /not assignable to type 'string'/);
  assert.equal(compile(), "");
  const played = run(process.execPath, "game.js", relay.url);
  assert.deepEqual([played.stderr, played.stdout, played.status], ["", "4.2 6.2 1 request 'sum' got no answer: no_receiver\n", 0]);
});

// Node has one from 20 on, and needs no flag for it from 22 on.
const own = Number(process.versions.node.split(".")[0]) >= 20;

test("a WebSocket of the platform's own needs no option", { skip: !own }, async () => {
  const script = `import { Client } from "tickrelay";
    const room = await new Client("${relay.url}").create("trial");
    room.onStateChange(() => room.leave().then(() => console.log("left", room.stats.frames)));`;
  writeFileSync(join(project, "own.mjs"), script);
  const { text } = start("--experimental-websocket", "own.mjs");
  await until(`a frame ${text()}`, () => /left 1/.test(text()));
});

test("the chat example: two terminals talk", async () => {
  copyFileSync(join(source, "examples/chat.mjs"), join(project, "chat.mjs"));
  const [ada, bob] = ["ada", "bob"].map((name) => start("chat.mjs", relay.url, name));
  await until("both are there", () => ada.text().includes("* bob is here") && bob.text().includes("* ada is here"));
  ada.child.stdin?.write("hello, bob\n");
  await until("the line", () => bob.text().includes("ada: hello, bob"));
  bob.child.stdin?.end();
  await until("the leave", () => ada.text().includes("* bob is gone (left)") && bob.text().includes("* left: left"));
});

test("the dots example: a page's dot is seen by others", async () => {
  const page = readFileSync(join(source, "examples/dots.html"), "utf8");
  const script = /<script type="module">([^]*)<\/script>/.exec(page)?.[1] ?? "";
  const context = "new Proxy({}, { get: () => () => {}, set: () => true })";
  const browser = `import WebSocket from "ws";
    const moves = [];
    Object.assign(globalThis, {
      WebSocket, location: { search: "?relay=${relay.url}" }, innerWidth: 400, innerHeight: 400, addEventListener: (_, call) => moves.push(call),
      document: { visibilityState: "visible", addEventListener() {}, removeEventListener() {}, querySelector: () => ({ getContext: () => ${context} }) },
      requestAnimationFrame: (call) => setTimeout(() => { call(); moves.forEach((move) => move({ clientX: 300, clientY: 200 })); }, 16),
    });`;
  writeFileSync(join(project, "browser.mjs"), browser);
  writeFileSync(join(project, "dots.mjs"), script);
  const { text } = start("--import", "./browser.mjs", "dots.mjs");
  const watcher = await arenaClient(relay.url).joinOrCreate("demo");
  await until(`a dot that follows the pointer ${text()}`, () => [...watcher.state.each("Transform")].some(([, { pos }]) => pos.x === 5 && pos.z === 0));
  await watcher.leave();
});
