// Generates the wire's code with the installed flatc, compiles it with the client and runs the tests.
//
//   node run.mjs            TICKRELAY_BINARY: the relay (default: bin/tickrelay of the build)
//   node run.mjs --build    only compiles;  TICKRELAY_BUILD: the build folder (default: build/release)
import { spawnSync } from "node:child_process";
import { cpSync, existsSync, mkdirSync, readdirSync, rmSync, statSync, symlinkSync, writeFileSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";

const here = dirname(fileURLToPath(import.meta.url));
const root = resolve(here, "../../..");
const build = resolve(process.env.TICKRELAY_BUILD ?? join(root, "build/release"));
const out = join(build, "foreign");
const binary = process.env.TICKRELAY_BINARY ?? join(build, "bin/tickrelay");

function run(command, args, options = {}) {
  const { status, error } = spawnSync(command, args, { cwd: here, stdio: "inherit", ...options });
  if (error) console.error(`${command}: ${error.message}`);
  if (status !== 0) process.exit(status ?? 1);
}

function install() {
  const mark = join(here, "node_modules/.installed");
  const lock = join(here, "package-lock.json");
  if (existsSync(mark) && statSync(mark).mtimeMs >= statSync(lock).mtimeMs) return;
  run("npm", ["ci", "--loglevel=error"]);
  writeFileSync(mark, "");
}

// Releases of flatc differ in their index file, not in the files under tickrelay/wire/: those are what we take.
function generate(source) {
  run("flatc", ["--ts", "-o", source, join(root, "schema/protocol.fbs")]);
  const files = readdirSync(join(source, "tickrelay/wire")).filter((name) => name.endsWith(".ts"));
  const names = files.map((name) => `export * from "./tickrelay/wire/${name.slice(0, -3)}";\n`);
  writeFileSync(join(source, "wire.ts"), names.join(""));
  run("flatc", ["--binary", "--schema", "-I", join(root, "schema"), "-o", out, join(root, "schema/examples/arena.fbs")]);
}

function compile() {
  const source = join(out, "src");
  rmSync(out, { recursive: true, force: true });
  mkdirSync(source, { recursive: true });
  symlinkSync(join(here, "node_modules"), join(out, "node_modules"));
  for (const name of readdirSync(here)) if (name.endsWith(".ts")) cpSync(join(here, name), join(source, name));
  cpSync(join(here, "tsconfig.json"), join(out, "tsconfig.json"));
  generate(source);
  run(process.execPath, [join(here, "node_modules/typescript/bin/tsc"), "-p", out]);
}

install();
compile();
if (process.argv.includes("--build")) process.exit(0);
if (!existsSync(binary)) {
  console.error(`no relay at ${binary}: build it, or set TICKRELAY_BINARY`);
  process.exit(1);
}
const tests = readdirSync(join(out, "js")).filter((name) => name.endsWith(".test.js")).map((name) => join(out, "js", name));
const golden = join(root, "tests/golden/quantise.txt");
const env = { ...process.env, TICKRELAY_BINARY: binary, ARENA_BFBS: join(out, "arena.bfbs"), GOLDEN_QUANTISE: golden };
run(process.execPath, ["--test", ...tests], { env });
