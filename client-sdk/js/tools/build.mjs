// Builds the package where it stands: src/wire with flatc, dist, and what of the project's own files goes with it.
import { copyFileSync, rmSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { compile } from "./compile.mjs";
import { generateWire } from "./wire.mjs";

const here = resolve(dirname(fileURLToPath(import.meta.url)), "..");
const root = join(here, "../..");
generateWire(join(root, "schema/protocol.fbs"), join(here, "src/wire"));
copyFileSync(join(root, "schema/attributes.fbs"), join(here, "schema/attributes.fbs"));
copyFileSync(join(root, "LICENSE"), join(here, "LICENSE"));
rmSync(join(here, "dist"), { recursive: true, force: true });
compile(join(here, "tsconfig.json"), join(here, "dist"));
