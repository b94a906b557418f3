// Whether a room's layout is the schema that the game was generated from, or a newer one that only appends.
import { Layout } from "./state/layout.js";
import { Schema } from "./types.js";

/** undefined, or what does not fit and the remedy. */
export function unfit(schema: Schema<object>, layout: Layout): string | undefined {
  for (const [name, expected] of Object.entries(schema.components)) {
    const remedy = `run npx tickrelay-schema on the room's schema, not on ${schema.source}`;
    const component = layout.find(name);
    if (component === undefined) return `the room's schema has no component '${name}': ${remedy}`;
    const fields = expected === "" ? [] : expected.split(" ");
    if ((fields.length === 0) !== component.opaque) return `'${name}' is a ${component.opaque ? "table" : "struct"} in the room: ${remedy}`;
    for (const [i, field] of fields.entries()) {
      const given = component.fields[i];
      const found = given === undefined ? "nothing" : `${given.name}:${given.type}`;
      if (found !== field) return `'${name}' has ${found} where the game expects ${field} (field:type, field ${i}): ${remedy}`;
    }
  }
  return undefined;
}
