// tickrelay-schema: from a schema to the types of its components, and what a room is held against.
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { read } from "../src/buffer/read.js";
import { Schema } from "../src/index.js";
import { unfit } from "../src/schema.js";
import { readLayout } from "../src/state/layout.js";
import * as wire from "../src/wire/index.js";
import { components, welcome } from "./bytes.js";

const root = process.env.TICKRELAY_JS ?? "build/release/js";
const folder = mkdtempSync(join(tmpdir(), "tickrelay-schema-test-"));
after(() => rmSync(folder, { recursive: true, force: true }));

function run(...args: string[]): { status: number | null; out: string; error: string } {
  const { status, stdout, stderr } = spawnSync(process.execPath, [join(root, "source/schema/main.mjs"), ...args], { encoding: "utf8", cwd: folder });
  return { status, out: stdout, error: stderr };
}

const game = `include "attributes.fbs";
namespace one;
enum Team : ubyte { Red, Blue }
struct Point { x: float (precision: "0.5", min: "0", max: "9"); y: double; }
struct Grid { team: Team; cells: [short:3]; corners: [Point:2]; seen: bool; id: ulong; }
table Label { text: string; }
namespace two;
struct Grid { n: int; }
`;

test("a schema with namespaces, enums, arrays and tables gives types that compile, and refuse what is not in it", () => {
  writeFileSync(join(folder, "game.fbs"), game);
  const { status, error } = run("game.fbs", "--from", "./types.js");
  assert.deepEqual([status, error], [0, ""]);
  const made = readFileSync(join(folder, "game.ts"), "utf8");
  assert.match(made, /"one.Grid": "team:2 cells\[0\]:3 cells\[1\]:3 cells\[2\]:3 corners\[0\].x:9 corners\[0\].y:10 corners\[1\].x:9 corners\[1\].y:10 seen:0 id:8"/);
  assert.match(made, /"one.Label": ""/);
  writeFileSync(join(folder, "types.ts"), "export interface Schema<C extends object> { source: string; components: { [name: string]: string }; of?: C }\n");
  const use = (line: string) => `import { Components, Team, game } from "./game.js";\ntype Of<S> = S extends { of?: infer C } ? NonNullable<C> : never;\n${line}\nexport { game, Team };\nexport type { Components };\n`;
  const compiles = (line: string) => {
    writeFileSync(join(folder, "use.ts"), use(line));
    const tsc = join(root, "node_modules/typescript/bin/tsc");
    return spawnSync(process.execPath, [tsc, "--strict", "--noEmit", "--target", "es2020", "--moduleResolution", "node", "use.ts"], { cwd: folder, encoding: "utf8" });
  };
  const right = compiles('const grid: Of<typeof game>["one.Grid"] = { team: Team.Red, cells: [1, 2, 3], corners: [{ x: 1, y: 2 }, { x: 3, y: 4 }], seen: true, id: 5n };\nconst n: number = ({} as Components)["two.Grid"].n;\nconst text: Uint8Array = ({} as Components).Label;\nexport { grid, n, text };');
  assert.equal(right.stdout, "");
  assert.match(compiles("const x: number = ({} as Components).Grid.n; export { x };").stdout, /Property 'Grid' does not exist/);
  assert.match(compiles('const x: number = ({} as Components)["one.Grid"].id; export { x };').stdout, /bigint/);
});

test("a .bfbs needs no flatc, and errors say what helps", () => {
  const bfbs = run(join(root, "arena.bfbs"), "-o", "-");
  assert.equal(bfbs.status, 0);
  assert.match(bfbs.out, /export const arena: Schema<Components>/);
  assert.match(bfbs.out, /readonly Transform: Transform;/);
  writeFileSync(join(folder, "broken.fbs"), "struct A { x: nothing; }");
  writeFileSync(join(folder, "no.bfbs"), "nothing");
  assert.match(run("broken.fbs").error, /flatc refuses broken.fbs/);
  assert.match(run("no.bfbs").error, /no binary schema: make it with flatc --binary --schema/);
  const wrong = run("a.fbs", "b.fbs");
  assert.equal(wrong.status, 2);
  assert.match(wrong.error, /'b.fbs' is not known[^]*usage/);
});

test("a room of another schema is named by what differs; one that only appends fits", () => {
  const { body } = read<wire.Message>(welcome({ layout: components }), wire.Root.Message) as wire.Message;
  const layout = readLayout((body as wire.Welcome).layout as wire.Layout);
  const of = (parts: Record<string, string>): Schema<object> => ({ source: "game.fbs", components: parts });
  assert.equal(unfit(of({ "game.Body": "at.x:9 at.y:9", "game.Note": "" }), layout), undefined);
  assert.match(unfit(of({ "game.Body": "at.x:9 at.z:9" }), layout) ?? "", /'game.Body' has at.y:9 where the game expects at.z:9.*npx tickrelay-schema.*game.fbs/);
  assert.match(unfit(of({ "game.Body": "at.x:9 at.y:9 big:7 more:1" }), layout) ?? "", /has nothing where/);
  assert.match(unfit(of({ "game.Other": "" }), layout) ?? "", /no component 'game.Other'/);
  assert.match(unfit(of({ "game.Note": "x:9" }), layout) ?? "", /'game.Note' is a table in the room/);
});
