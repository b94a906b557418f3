// Builds the package where it stands: src/wire by flatc, dist by tsc, and what of the project's own files goes with it.
import { spawnSync } from "node:child_process";
import { copyFileSync, rmSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { generateWire } from "./wire.mjs";

const here = resolve(dirname(fileURLToPath(import.meta.url)), "..");
const root = join(here, "../..");
generateWire(join(root, "schema/protocol.fbs"), join(here, "src/wire"), join(here, "src"));
copyFileSync(join(root, "schema/attributes.fbs"), join(here, "schema/attributes.fbs"));
copyFileSync(join(root, "LICENSE"), join(here, "LICENSE"));
rmSync(join(here, "dist"), { recursive: true, force: true });
const { status } = spawnSync(process.execPath, [join(here, "node_modules/typescript/bin/tsc"), "-p", join(here, "tsconfig.json")], { stdio: "inherit" });
process.exit(status ?? 1);
