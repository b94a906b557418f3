// Compiles the package with its tests, into the build folder, and runs them.
//
//   node test/run.mjs             TICKRELAY_BUILD: the build folder (default: build/release)
//   node test/run.mjs --build     only compiles
import { spawnSync } from "node:child_process";
import { cpSync, existsSync, mkdirSync, readdirSync, rmSync, statSync, symlinkSync, writeFileSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";

const here = resolve(dirname(fileURLToPath(import.meta.url)), "..");
const root = resolve(here, "../..");
const out = join(resolve(process.env.TICKRELAY_BUILD ?? join(root, "build/release")), "js");

function run(command, args, options = {}) {
  const { status, error } = spawnSync(command, args, { cwd: here, stdio: "inherit", ...options });
  if (error) console.error(`${command}: ${error.message}`);
  if (status !== 0) process.exit(status ?? 1);
}

const mark = join(here, "node_modules/.installed");
if (!existsSync(mark) || statSync(mark).mtimeMs < statSync(join(here, "package-lock.json")).mtimeMs) {
  run("npm", ["ci", "--no-audit", "--no-fund", "--loglevel=error"]);
  writeFileSync(mark, "");
}
rmSync(out, { recursive: true, force: true });
mkdirSync(out, { recursive: true });
symlinkSync(join(here, "node_modules"), join(out, "node_modules"));
cpSync(join(here, "package.json"), join(out, "package.json"));
run(process.execPath, [join(here, "node_modules/typescript/bin/tsc"), "-p", join(here, "tsconfig.test.json"), "--outDir", out]);
if (process.argv.includes("--build")) process.exit(0);
const tests = readdirSync(join(out, "test")).filter((name) => name.endsWith(".test.js")).map((name) => join(out, "test", name));
run(process.execPath, ["--test", ...tests], { env: { ...process.env, GOLDEN: join(root, "tests/golden") } });
