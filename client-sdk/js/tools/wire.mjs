// Generates, from schema/protocol.fbs with the installed flatc, what is never committed: src/wire, by which src/buffer reads and
// writes, and flatc's own TypeScript for the tests.
import { spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { BaseType, readBinarySchema } from "../schema/binary.mjs";

const roots = ["StateFrame", "Message", "Player"]; // what is read and written

// As src/buffer/shape.ts counts them.
const Kind = { Struct: 6, String: 7, Bytes: 8, Numbers: 9, Table: 10, Tables: 11, Union: 12 };
const numbers = new Map([
  [BaseType.Bool, [0, "boolean"]], [BaseType.UByte, [1, "number"]], [BaseType.UType, [1, "number"]], [BaseType.UShort, [2, "number"]],
  [BaseType.UInt, [3, "number"]], [BaseType.ULong, [4, "bigint"]], [BaseType.Double, [5, "number"]],
]);

export function runFlatc(args) {
  const { status, error, stderr, stdout } = spawnSync("flatc", args, { encoding: "utf8" });
  if (error) throw new Error(`flatc does not run (${error.message}): install flatbuffers-compiler`);
  if (status !== 0) throw new Error(`flatc ${args.join(" ")}:\n${stdout}${stderr}`);
}

const shortName = (name) => name.slice(name.lastIndexOf(".") + 1);
const camel = (name) => name.replace(/_([a-z])/g, (_, letter) => letter.toUpperCase());

/** [kind, detail, bytes], and the type that TypeScript knows. */
function kindOf(field, object, schema) {
  const { base, element, index } = field.type;
  const target = schema.objects[index];
  if (numbers.has(base)) {
    const [kind, type] = numbers.get(base);
    const named = index >= 0 && type === "number" ? shortName(schema.enums[index].name) : type;
    return { shape: field.absent === 0 ? [kind] : [kind, field.absent], type: named };
  }
  if (base === BaseType.String) return { shape: [Kind.String], type: "string" };
  if (base === BaseType.Union) return { shape: [Kind.Union, schema.enums[index].values.map((value) => value.object)], type: "unknown" };
  if (base === BaseType.Obj && target.isStruct && target.align === 4) return { shape: [Kind.Struct, index, target.bytes], type: shortName(target.name) };
  if (base === BaseType.Obj && !target.isStruct) return { shape: [Kind.Table, index], type: `${shortName(target.name)} | undefined` };
  if (base === BaseType.Vector && element === BaseType.UByte) return { shape: [Kind.Bytes], type: "Uint8Array | undefined" };
  if (base === BaseType.Vector && element === BaseType.UInt) return { shape: [Kind.Numbers], type: "Uint32Array | undefined" };
  if (base === BaseType.Vector && element === BaseType.Obj && !target.isStruct) return { shape: [Kind.Tables, index], type: `${shortName(target.name)}[]` };
  throw new Error(`${object.name}.${field.name}: src/buffer knows no fields of this type yet`);
}

function objectText(object, schema) {
  const described = object.fields.map((field) => ({ name: camel(field.name), place: field.offset, ...kindOf(field, object, schema) }));
  const members = described.map(({ name, type }) => `  readonly ${name}: ${type};\n`).join("");
  const shape = described.map(({ name, place, shape }) => (object.isStruct ? [name, shape[0], place] : [name, ...shape]));
  return { type: `export interface ${shortName(object.name)} {\n${members}}\n`, shape };
}

function enumText({ name, values }) {
  return `export const enum ${shortName(name)} { ${values.map((each) => `${each.name} = ${each.value}`).join(", ")} }\n`;
}

/** Writes `into` anew: enums, interfaces and shapes of the protocol's objects. */
export function generateWire(protocol, into) {
  const schema = withScratch((scratch) => {
    runFlatc(["--binary", "--schema", "-o", scratch, protocol]);
    return readBinarySchema(readFileSync(join(scratch, "protocol.bfbs")), "protocol.bfbs");
  });
  const objects = schema.objects.map((object) => objectText(object, schema));
  const numberOf = (name) => schema.objects.findIndex((object) => shortName(object.name) === name);
  const lines = [
    'import { Shape } from "../buffer/shape.js";\n', ...schema.enums.map(enumText), ...objects.map(({ type }) => type),
    `export const enum Root { ${roots.map((name) => `${name} = ${numberOf(name)}`).join(", ")} }\n`,
    `export const shapes: readonly Shape[] = ${JSON.stringify(objects.map(({ shape }) => shape))};\n`,
  ];
  rmSync(into, { recursive: true, force: true });
  mkdirSync(into, { recursive: true });
  writeFileSync(join(into, "index.ts"), lines.join("\n"));
}

/** Writes `into` anew: all that flatc makes of the protocol, which is to agree with the SDK's own reading and writing. */
export function generateFlatc(protocol, into) {
  withScratch((scratch) => {
    runFlatc(["--ts", "-o", scratch, protocol]);
    rmSync(into, { recursive: true, force: true });
    mkdirSync(into, { recursive: true });
    const folder = join(scratch, "tickrelay/wire");
    const names = readdirSync(folder).filter((name) => name.endsWith(".ts")).sort();
    for (const name of names) {
      // Releases of flatc differ in whether a file's imports end in .js: as ES modules they have to.
      const text = readFileSync(join(folder, name), "utf8").replace(/from '\.\.\/\.\.\/tickrelay\/wire\/([a-z0-9-]+)(?:\.js)?'/g, "from './$1.js'");
      writeFileSync(join(into, name), `// @ts-nocheck\n${text}`);
    }
    writeFileSync(join(into, "index.ts"), names.map((name) => `export * from "./${name.slice(0, -3)}.js";\n`).join(""));
  });
}

function withScratch(use) {
  const scratch = mkdtempSync(join(tmpdir(), "tickrelay-wire-"));
  try {
    return use(scratch);
  } finally {
    rmSync(scratch, { recursive: true, force: true });
  }
}
