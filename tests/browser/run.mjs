// Runs the browser tests against a built relay.
//
//   node run.mjs              all of them; TICKRELAY_BUILD: the build folder (default: build/release)
//   node run.mjs --install    only installs what is missing
//   node run.mjs demo agree   only these: demo.test.mjs, agree.test.mjs. Ends with 77 where there is no Chromium
import { spawnSync } from "node:child_process";
import { existsSync, readdirSync, statSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const here = dirname(fileURLToPath(import.meta.url));
const args = process.argv.slice(2);

function run(command, commandArgs) {
  const { status, error } = spawnSync(command, commandArgs, { cwd: here, stdio: "inherit" });
  if (error) console.error(`${command}: ${error.message}`);
  if (status !== 0) process.exit(status ?? 1);
}

const mark = join(here, "node_modules/.installed");
if (!existsSync(mark) || statSync(mark).mtimeMs < statSync(join(here, "package-lock.json")).mtimeMs) {
  run("npm", ["ci", "--no-audit", "--no-fund", "--loglevel=error"]);
  writeFileSync(mark, "");
}
if (args[0] === "--install") process.exit(0);

const { chromiumPath } = await import("./browser.mjs");
if (chromiumPath() === undefined) {
  console.log("skipped: no chromium here (apt-get install chromium, or CHROMIUM=/path)");
  process.exit(77);
}
const names = args.length > 0 ? args.map((name) => `${name}.test.mjs`) : readdirSync(here).filter((name) => name.endsWith(".test.mjs"));
run(process.execPath, ["--test", ...names.map((name) => join(here, name))]);
