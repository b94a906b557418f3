#!/usr/bin/env node
// npx tickrelay-schema: a state schema → the TypeScript types of its components.
import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, dirname, extname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { readBinarySchema } from "./binary.mjs";
import { emitModule } from "./emit.mjs";

const usage = `usage: tickrelay-schema SCHEMA.fbs|SCHEMA.bfbs [-o FILE.ts] [-I FOLDER]… [--from MODULE]

  SCHEMA        a FlatBuffers schema of a room's state; a .fbs needs flatc in the PATH, a .bfbs (flatc --binary --schema) does not
  -o FILE.ts    default: beside the working folder's name of the schema, NAME.ts; - writes to standard output
  -I FOLDER     where included files are; attributes.fbs comes with this package
  --from MODULE where the module imports Schema from; default: tickrelay`;

class Usage extends Error {}

function parse(args) {
  const options = { path: undefined, output: undefined, folders: [], from: "tickrelay" };
  const value = (i) => {
    if (args[i] === undefined) throw new Usage(`${args[i - 1]} takes a value`);
    return args[i];
  };
  for (let i = 0; i < args.length; ++i) {
    if (args[i] === "-o") options.output = value(++i);
    else if (args[i] === "-I") options.folders.push(value(++i));
    else if (args[i] === "--from") options.from = value(++i);
    else if (args[i].startsWith("-") || options.path !== undefined) throw new Usage(`'${args[i]}' is not known`);
    else options.path = args[i];
  }
  if (options.path === undefined) throw new Usage("no schema is named");
  return options;
}

/** The bytes of the .bfbs: the file's own, or what flatc makes of a .fbs. */
function binarySchema(path, folders) {
  if (extname(path) === ".bfbs") return readFileSync(path);
  const own = dirname(fileURLToPath(import.meta.url));
  const scratch = mkdtempSync(join(tmpdir(), "tickrelay-schema-"));
  try {
    const include = [...folders, dirname(resolve(path)), own].flatMap((folder) => ["-I", folder]);
    const { status, error, stdout, stderr } = spawnSync("flatc", ["--binary", "--schema", ...include, "-o", scratch, path], { encoding: "utf8" });
    if (error) throw new Error(`flatc does not run (${error.message}): install flatbuffers-compiler, or give a .bfbs`);
    const made = readdirSync(scratch).find((name) => name.endsWith(".bfbs"));
    if (status !== 0 || made === undefined) throw new Error(`flatc refuses ${path}:\n${stdout}${stderr}`.trimEnd());
    return readFileSync(join(scratch, made));
  } finally {
    rmSync(scratch, { recursive: true, force: true });
  }
}

function main(args) {
  if (args.includes("--help") || args.includes("-h")) return console.log(usage);
  const { path, output, folders, from } = parse(args);
  const name = basename(path, extname(path));
  const exported = name.replace(/\W+(\w)/g, (_, letter) => letter.toUpperCase()).replace(/^(\d)/, "_$1");
  const text = emitModule(readBinarySchema(binarySchema(path, folders), path), basename(path), exported, from);
  if (output === "-") process.stdout.write(text);
  else writeFileSync(output ?? `${name}.ts`, text);
}

try {
  main(process.argv.slice(2));
} catch (error) {
  console.error(`tickrelay-schema: ${error.message}${error instanceof Usage ? `\n\n${usage}` : ""}`);
  process.exitCode = error instanceof Usage ? 2 : 1;
}
