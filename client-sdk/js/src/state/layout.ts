// What a room's state is made of, read once from Welcome and checked: whoever holds a Layout may trust its numbers. Immutable.
import { BrokenBytes, badUsage } from "../errors.js";
import { Limits } from "../limits.js";
import * as wire from "../wire/index.js";
import { Component, NamedField } from "./component.js";
import { has, widthOf } from "./field.js";

export const ownerComponent = 0; // struct wire.Owner, on every entity
export const playerComponent = 1; // opaque wire.Player, on each seat's entity
export const roomComponent = 2; // opaque wire.Room, on entity 0

const stepsMax = 2 ** 31; // of a range: PROTOCOL.md, "State schemas"

export class Layout {
  private readonly byName = new Map<string, Component>();

  constructor(readonly components: readonly Component[], readonly fingerprint: bigint) {
    const shorts = new Map<string, Component | null>(); // null: of several namespaces
    for (const component of components) {
      const short = component.name.slice(component.name.lastIndexOf(".") + 1);
      if (component.index > roomComponent) shorts.set(short, shorts.has(short) ? null : component);
    }
    for (const [short, component] of shorts) if (component !== null) this.byName.set(short, component);
    for (const component of components) this.byName.set(component.name, component);
  }

  /** By its qualified name ("arena.Transform"), or by the last part of it where no other has the same. */
  find(name: string): Component | undefined {
    return this.byName.get(name);
  }

  /** The same; throws where there is none. */
  get(name: string): Component {
    const found = this.find(name);
    if (found !== undefined) return found;
    const known = this.components.slice(roomComponent + 1).map((component) => component.name);
    throw badUsage(`the room's schema has no component '${name}'; it has ${known.join(", ") || "none: the room has no schema"}`);
  }
}

function readField(from: wire.Field, bytes: number): NamedField | undefined {
  const ranged = (from.flags & wire.FieldFlags.Ranged) !== 0;
  const field: NamedField = { ...from, min: ranged ? from.min : 0, max: ranged ? from.max : 0 };
  const width = widthOf(field.type);
  if (width === undefined || field.offset + width > bytes) return undefined;
  if (!Number.isFinite(field.min) || !Number.isFinite(field.max) || field.min > field.max) return undefined;
  if (!has(field, wire.FieldFlags.Quantised)) return field;
  const floats = field.type === wire.FieldType.Float32 || field.type === wire.FieldType.Float64;
  const steps = Number.isFinite(field.precision) && field.precision > 0 && (field.max - field.min) / field.precision <= stepsMax;
  return floats && steps ? field : undefined;
}

function readComponent(from: wire.Component, index: number): Component {
  const { name, bytes } = from;
  const broken = (why: string) => new BrokenBytes(`the relay's layout is broken at component '${name}': ${why}`);
  if (name === "") throw broken("it has no name");
  const count = bytes === 0 ? 0 : from.fields.length;
  if (count > Limits.fields || (count === 0 && bytes !== 0)) throw broken(`${count} fields`);
  const fields: NamedField[] = [];
  for (let i = 0; i < count; ++i) {
    const field = readField(from.fields[i], bytes);
    if (field === undefined) throw broken(`field ${i} cannot be`);
    fields.push(field);
  }
  return new Component(index, name, fields);
}

/** Throws BrokenBytes where the relay sent a layout that cannot be. */
export function readLayout(from: wire.Layout): Layout {
  const count = from.components.length;
  if (count <= roomComponent || count > Limits.components)
    throw new BrokenBytes("the relay's layout lacks its first three components or has too many");
  const components = from.components.map(readComponent);
  if (new Set(components.map((component) => component.name)).size !== count) throw new BrokenBytes("the relay's layout has a component twice");
  const [owner, player, room] = components;
  if (owner.fields.length !== 1 || owner.fields[0].type !== wire.FieldType.UInt32 || !player.opaque || !room.opaque)
    throw new BrokenBytes("the relay's layout has other first components than Owner, Player and Room");
  return new Layout(components, from.fingerprint);
}
