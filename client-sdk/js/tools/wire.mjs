// Generates src/wire from schema/protocol.fbs with the installed flatc: flatc's own TypeScript, and shapes.ts, by which
// src/check/verify.ts holds foreign bytes against the schema before flatc's code reads them. Never committed.
import { spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import ts from "typescript";
import { BaseType, readBinarySchema, widthOf } from "../schema/binary.mjs";

const roots = ["StateFrame", "Message", "Player"]; // what verify.ts begins with

// What the SDK sends and never reads.
const sent = new Set(["Join", "Ack", "Action", "Update", "Ping", "Leave", "ListRooms", "Pace", "Resync"]);

// Kinds of fields, as verify.ts knows them.
const Kind = { inline: 0, string: 1, vector: 2, table: 3, tables: 4, union: 5 };

export function runFlatc(args) {
  const { status, error, stderr, stdout } = spawnSync("flatc", args, { encoding: "utf8" });
  if (error) throw new Error(`flatc does not run (${error.message}): install flatbuffers-compiler`);
  if (status !== 0) throw new Error(`flatc ${args.join(" ")}:\n${stdout}${stderr}`);
}

function shapeOfField(field, object, schema) {
  const { base, element, index } = field.type;
  const place = field.offset;
  const inline = (detail, align) => [place, Kind.inline, detail, align];
  if (base === BaseType.String) return [place, Kind.string, 0, 4];
  if (base === BaseType.Union) {
    const tables = schema.enums[index].values.map((value) => value.object);
    return [place, Kind.union, tables, 4];
  }
  if (base === BaseType.Obj) {
    const { isStruct, bytes, align } = schema.objects[index];
    return isStruct ? inline(bytes, align) : [place, Kind.table, index, 4];
  }
  if (base !== BaseType.Vector) return inline(widthOf(base), widthOf(base));
  if (element === BaseType.Obj && !schema.objects[index].isStruct) return [place, Kind.tables, index, 4];
  if (element === BaseType.Obj) return [place, Kind.vector, schema.objects[index].bytes, schema.objects[index].align];
  if (element >= BaseType.String) throw new Error(`${object.name}.${field.name}: verify.ts knows no vectors of this`);
  return [place, Kind.vector, widthOf(element), widthOf(element)];
}

function shapesText(schema) {
  const tables = schema.objects.map((object) =>
    object.isStruct || sent.has(object.name.slice(object.name.lastIndexOf(".") + 1)) ? [] : object.fields.map((field) => [...shapeOfField(field, object, schema), field.required ? 1 : 0]));
  const rootNumber = (name) => schema.objects.findIndex((object) => object.name === `tickrelay.wire.${name}`);
  const lines = ['import { TableShape } from "../check/verify.js";', ""];
  for (const name of roots) lines.push(`export const ${name[0].toLowerCase()}${name.slice(1)}Shape = ${rootNumber(name)};`);
  lines.push(`export const shapes: readonly TableShape[] = ${JSON.stringify(tables)};`, "");
  return lines.join("\n");
}

// What the SDK never calls is more than half of flatc's code, and every page would load it.

/** The words of the sources in a folder, those in `into` left out. */
function wordsOf(folder, into) {
  const words = new Set();
  for (const entry of readdirSync(folder, { withFileTypes: true })) {
    const path = join(folder, entry.name);
    if (entry.isDirectory() && path !== into) for (const word of wordsOf(path, into)) words.add(word);
    if (entry.isFile()) for (const [word] of readFileSync(path, "utf8").matchAll(/[A-Za-z_]\w*/g)) words.add(word);
  }
  return words;
}

/** Whether a method of a class of flatc's serves nobody. */
function isIdle(className, method, isStatic, methods, words) {
  const byIndex = methods.has(`${method}Array`); // numbers are read as arrays
  if (!isStatic) return sent.has(className) || (method !== "__init" && (byIndex || !words.has(method)));
  const ofCreate = /^(start|add|end)/.test(method) && words.has(`create${className}`);
  return !ofCreate && !words.has(method);
}

function withoutIdle(text, name, words) {
  const file = ts.createSourceFile(name, text, ts.ScriptTarget.ES2020);
  const functions = file.statements.filter((each) => ts.isFunctionDeclaration(each) && !words.has(each.name.text));
  const idle = file.statements.filter(ts.isClassDeclaration).flatMap(({ name: className, members }) => {
    const methods = new Set(members.map((member) => member.name?.text));
    const isStatic = (member) => (ts.getCombinedModifierFlags(member) & ts.ModifierFlags.Static) !== 0;
    const readsNothing = sent.has(className.text);
    return members.filter((each) => (ts.isMethodDeclaration(each) ? isIdle(className.text, each.name.text, isStatic(each), methods, words) : readsNothing));
  });
  const left = [...functions, ...idle].sort((a, b) => b.pos - a.pos).reduce((all, { pos, end }) => all.slice(0, pos) + all.slice(end), text);
  return left.replace(/^export enum /m, "export const enum "); // tsc puts the numbers where the names are
}

/**
 * Writes `into` anew. protocol: path of protocol.fbs. usedBy: the folder with the only sources that use it: what they never
 * name is left out. Without it everything is there but the shapes, as tests need it.
 */
export function generateWire(protocol, into, usedBy) {
  const scratch = mkdtempSync(join(tmpdir(), "tickrelay-wire-"));
  try {
    runFlatc(["--ts", "-o", scratch, protocol]);
    runFlatc(["--binary", "--schema", "-o", scratch, protocol]);
    rmSync(into, { recursive: true, force: true });
    mkdirSync(into, { recursive: true });
    const folder = join(scratch, "tickrelay/wire");
    const words = usedBy === undefined ? undefined : wordsOf(usedBy, into);
    const names = readdirSync(folder).filter((name) => name.endsWith(".ts")).sort();
    for (const name of names) {
      // Releases of flatc differ in whether a file's imports end in .js: as ES modules they have to.
      const text = readFileSync(join(folder, name), "utf8").replace(/from '\.\.\/\.\.\/tickrelay\/wire\/([a-z0-9-]+)(?:\.js)?'/g, "from './$1.js'");
      writeFileSync(join(into, name), `// @ts-nocheck\n${words === undefined ? text : withoutIdle(text, name, words)}`);
    }
    const all = names.map((name) => `export * from "./${name.slice(0, -3)}.js";\n`);
    writeFileSync(join(into, "index.ts"), all.join(""));
    if (words === undefined) return;
    const schema = readBinarySchema(readFileSync(join(scratch, "protocol.bfbs")), "protocol.bfbs");
    writeFileSync(join(into, "shapes.ts"), shapesText(schema));
  } finally {
    rmSync(scratch, { recursive: true, force: true });
  }
}
