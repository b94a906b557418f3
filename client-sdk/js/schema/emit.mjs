// The objects and enums of a binary schema → a TypeScript module: types of a game's components, and what the SDK checks a
// room's layout against. PROTOCOL.md, "State schemas", says what a component is.
import { BaseType } from "./binary.mjs";

// BaseType → the wire's FieldType.
const fieldTypes = {
  [BaseType.UType]: 2, [BaseType.Bool]: 0, [BaseType.Byte]: 1, [BaseType.UByte]: 2, [BaseType.Short]: 3, [BaseType.UShort]: 4, [BaseType.Int]: 5,
  [BaseType.UInt]: 6, [BaseType.Long]: 7, [BaseType.ULong]: 8, [BaseType.Float]: 9, [BaseType.Double]: 10,
};

const lastPart = (name) => name.slice(name.lastIndexOf(".") + 1);

/** Qualified name → the name in the module: its last part, or with its namespace where two have the same. */
function localNames(names) {
  const uses = new Map([["Schema", 1], ["Components", 1]]); // the module's own
  for (const name of names) uses.set(lastPart(name), (uses.get(lastPart(name)) ?? 0) + 1);
  return new Map(names.map((name) => [name, uses.get(lastPart(name)) === 1 ? lastPart(name) : name.includes(".") ? name.replaceAll(".", "_") : `${name}_`]));
}

/** What no other type refers to. */
function componentsOf({ objects }) {
  const referred = new Set();
  for (const { fields } of objects)
    for (const { type } of fields) {
      const inner = [BaseType.Vector, BaseType.Array].includes(type.base) ? type.element : type.base;
      if (inner === BaseType.Obj) referred.add(type.index);
    }
  return objects.filter((_, index) => !referred.has(index));
}

/** "pos.x:9 …", as the relay flattens a struct. */
function flatFields(schema, object, prefix) {
  return object.fields.flatMap((field) => {
    const { base, element, index, length } = field.type;
    const name = prefix + field.name;
    const one = (kind, at) => (kind === BaseType.Obj ? flatFields(schema, schema.objects[index], `${at}.`) : [`${at}:${fieldTypes[kind]}`]);
    return base === BaseType.Array ? Array.from({ length }, (_, i) => one(element, `${name}[${i}]`)).flat() : one(base, name);
  });
}

class Module {
  constructor(schema, exported) {
    this.schema = schema;
    this.components = componentsOf(schema).filter((object) => !object.name.startsWith("tickrelay."));
    this.names = localNames([...schema.objects, ...schema.enums].map((each) => each.name));
    this.exported = exported;
  }

  typeOf({ base, element, index, length }) {
    const kind = base === BaseType.Array ? element : base;
    const one = this.scalar(kind, index);
    if (base !== BaseType.Array) return one;
    return length <= 16 ? `readonly [${Array.from({ length }, () => one).join(", ")}]` : `readonly ${/\W/.test(one) ? `(${one})` : one}[]`;
  }

  scalar(kind, index) {
    if (kind === BaseType.Obj) return this.names.get(this.schema.objects[index].name);
    if (kind === BaseType.Bool) return "boolean";
    const wide = kind === BaseType.Long || kind === BaseType.ULong;
    return index >= 0 && !wide ? this.names.get(this.schema.enums[index].name) : wide ? "bigint" : "number";
  }

  structs() {
    return this.schema.objects.filter((object) => object.isStruct && !object.name.startsWith("tickrelay.")).map((object) => {
      const fields = object.fields.map((field) => `  readonly ${field.name}: ${this.typeOf(field.type)};`);
      return `/** ${object.name} */\nexport interface ${this.names.get(object.name)} {\n${fields.join("\n")}\n}\n`;
    });
  }

  // A value of a newer schema may be none of these: a number, with the known ones named.
  enums() {
    const named = this.schema.enums.filter((each) => !each.isUnion && !each.name.startsWith("tickrelay."));
    return named.map((each) => {
      const name = this.names.get(each.name);
      const values = each.values.map(({ name: value, value: number }) => `  ${value}: ${Number(number)},`);
      return `/** ${each.name} */\nexport const ${name} = {\n${values.join("\n")}\n} as const;\nexport type ${name} = number;\n`;
    });
  }

  componentTypes() {
    const lines = this.components.flatMap((object) => {
      const type = object.isStruct ? this.names.get(object.name) : "Uint8Array";
      const short = lastPart(object.name);
      const alone = this.components.filter((other) => lastPart(other.name) === short).length === 1 && short !== object.name;
      return [`  readonly "${object.name}": ${type};`, ...(alone ? [`  readonly ${short}: ${type};`] : [])];
    });
    return `/** Each by its qualified name, and by the last part of it where no other has the same. A table's value is its bytes. */\nexport interface Components {\n${lines.join("\n")}\n}\n`;
  }

  value(source) {
    const lines = this.components.map((object) => `    "${object.name}": "${object.isStruct ? flatFields(this.schema, object, "").join(" ") : ""}",`);
    return `/** For new Client(url, { schema: ${this.exported} }): types every room's state, and refuses a room of another schema. */\n` +
      `export const ${this.exported}: Schema<Components> = {\n  source: "${source}",\n  components: {\n${lines.join("\n")}\n  },\n};\n`;
  }
}

/** source: for people; exported: name of the constant; from: where Schema is imported from. Throws where there is no component. */
export function emitModule(schema, source, exported, from) {
  const module_ = new Module(schema, exported);
  if (module_.components.length === 0) throw new Error(`${source} has no component: a struct or table that no other type refers to`);
  const head = `// Made by tickrelay-schema from ${source}. Do not edit.\nimport type { Schema } from "${from}";\n`;
  return [head, ...module_.enums(), ...module_.structs(), module_.componentTypes(), module_.value(source)].join("\n");
}
