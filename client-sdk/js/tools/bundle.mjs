// The SDK as one ES module, for pages without a build of their own: node tools/bundle.mjs OUT.js
//
// Everything is made in a scratch folder: the tree stays as it is, and two builds do not meet. Needs flatc and node_modules.
import { cpSync, mkdtempSync, rmSync, symlinkSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { buildSync } from "esbuild";
import { generateWire } from "./wire.mjs";

const here = resolve(dirname(fileURLToPath(import.meta.url)), "..");
const [out] = process.argv.slice(2);
if (out === undefined) {
  console.error("tools/bundle.mjs: which file to write? node tools/bundle.mjs OUT.js");
  process.exit(2);
}

const scratch = mkdtempSync(join(tmpdir(), "tickrelay-bundle-"));
try {
  for (const part of ["src", "package.json", "tsconfig.json"]) cpSync(join(here, part), join(scratch, part), { recursive: true });
  symlinkSync(join(here, "node_modules"), join(scratch, "node_modules"));
  generateWire(join(here, "../../schema/protocol.fbs"), join(scratch, "src/wire"), join(scratch, "src"));
  buildSync({ entryPoints: [join(scratch, "src/index.ts")], outfile: resolve(out), bundle: true, minify: true, format: "esm", platform: "browser", target: "es2020", legalComments: "none" });
} finally {
  rmSync(scratch, { recursive: true, force: true });
}
