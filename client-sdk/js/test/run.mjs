// Compiles the package with its tests, into the build folder, and runs them.
//
//   node test/run.mjs             TICKRELAY_BUILD: the build folder (default: build/release)
//   node test/run.mjs --build     only compiles
//   node test/run.mjs --run unit  only runs what was compiled: test/*.test.ts; e2e: test/e2e, against TICKRELAY_BINARY with TICKRELAY_WALK_LOGIC
import { spawnSync } from "node:child_process";
import { cpSync, existsSync, mkdirSync, readFileSync, readdirSync, rmSync, statSync, symlinkSync, writeFileSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";

const here = resolve(dirname(fileURLToPath(import.meta.url)), "..");
const root = resolve(here, "../..");
const build = resolve(process.env.TICKRELAY_BUILD ?? join(root, "build/release"));
const out = join(build, "js");
const source = join(out, "source");
const binary = process.env.TICKRELAY_BINARY ?? join(build, "bin/tickrelay");
const walkLogic = process.env.TICKRELAY_WALK_LOGIC ?? join(build, "tests/e2e/play/libtickrelay_walk_logic.so");

function run(command, args, options = {}) {
  const { status, error } = spawnSync(command, args, { cwd: here, stdio: "inherit", ...options });
  if (error) console.error(`${command}: ${error.message}`);
  if (status !== 0) process.exit(status ?? 1);
}

function install() {
  const mark = join(here, "node_modules/.installed");
  if (existsSync(mark) && statSync(mark).mtimeMs >= statSync(join(here, "package-lock.json")).mtimeMs) return;
  run("npm", ["ci", "--no-audit", "--no-fund", "--loglevel=error"]);
  writeFileSync(mark, "");
}

// A client that shares nothing with the SDK but flatc's code, for the two to be held against each other.
function stageForeign(from, to) {
  mkdirSync(to);
  for (const name of ["client.ts", "messages.ts", "mirror.ts", "values.ts"]) {
    const text = readFileSync(join(from, name), "utf8").replaceAll('"./wire"', '"../wire/index"').replace(/from "(\.[^"]+)"/g, 'from "$1.js"');
    writeFileSync(join(to, name), text);
  }
}

// The sources are copied, because flatc's and the generator's code is made among them, by each build for itself.
async function stage() {
  const { generateFlatc, generateWire, runFlatc } = await import("../tools/wire.mjs"); // needs what install() brings
  rmSync(out, { recursive: true, force: true });
  mkdirSync(source, { recursive: true });
  symlinkSync(join(here, "node_modules"), join(out, "node_modules"));
  const parts = ["src", "test", "bench", "examples", "schema", "package.json", "tsconfig.json", "tsconfig.test.json"];
  for (const part of parts.filter((name) => existsSync(join(here, name)))) cpSync(join(here, part), join(source, part), { recursive: true });
  cpSync(join(root, "LICENSE"), join(source, "LICENSE"));
  cpSync(join(here, "package.json"), join(out, "package.json"));
  stageForeign(join(root, "tests/e2e/foreign"), join(source, "test/foreign"));
  const schema = join(root, "schema");
  cpSync(join(schema, "attributes.fbs"), join(source, "schema/attributes.fbs"));
  generateWire(join(schema, "protocol.fbs"), join(source, "src/wire"));
  generateFlatc(join(schema, "protocol.fbs"), join(source, "test/wire"));
  runFlatc(["--binary", "--schema", "-I", schema, "-o", out, join(schema, "examples/arena.fbs")]);
  run(process.execPath, [join(source, "schema/main.mjs"), join(schema, "examples/arena.fbs"), "-o", join(source, "test/arena.ts"), "--from", "../src/index.js"]);
}

async function compile() {
  const packaged = await import("../tools/compile.mjs");
  run(process.execPath, [join(here, "node_modules/typescript/bin/tsc"), "-p", join(source, "tsconfig.test.json"), "--outDir", out]);
  packaged.compile(join(source, "tsconfig.json"), join(source, "dist"));
  // What is tested as a whole is the package, its short names included.
  writeFileSync(join(out, "src/index.js"), 'export * from "../source/dist/index.js";\n');
  writeFileSync(join(out, "src/packed/index.js"), 'export * from "../../source/dist/packed/index.js";\n');
}

function test(folder) {
  const from = join(out, "test", folder === "unit" ? "" : folder);
  for (const [what, path, name] of [["relay", binary, "TICKRELAY_BINARY"], ["room logic of the tests", walkLogic, "TICKRELAY_WALK_LOGIC"]]) {
    if (folder !== "e2e" || existsSync(path)) continue;
    console.error(`no ${what} at ${path}: build it, or set ${name}`);
    process.exit(1);
  }
  const tests = readdirSync(from).filter((name) => name.endsWith(".test.js")).map((name) => join(from, name));
  const env = { ...process.env, GOLDEN: join(root, "tests/golden"), TICKRELAY_BINARY: binary, TICKRELAY_WALK_LOGIC: walkLogic, TICKRELAY_ROOT: root, TICKRELAY_JS: out };
  run(process.execPath, ["--test", ...tests], { env });
}

const [what, which] = process.argv.slice(2);
if (what !== "--run") {
  install();
  await stage();
  await compile();
}
if (what !== "--build") test(which ?? "unit");
