// Field values as PROTOCOL.md describes them: native width, little endian, quantised before they are shown or sent.
import { FieldFlags, FieldType, Layout } from "./wire";

export type Value = number | bigint | boolean;
export type Fields = Record<string, Value>;

export interface Field {
  name: string;
  type: FieldType;
  flags: number;
  precision: number;
  min: number;
  max: number;
}

export interface Component {
  index: number;
  name: string;
  opaque: boolean;
  fields: Field[];
}

interface Native {
  bytes: number;
  read(view: DataView, at: number): Value;
  write(view: DataView, at: number, value: Value): void;
}

const native: Record<FieldType, Native> = {
  [FieldType.Bool]: { bytes: 1, read: (v, at) => v.getUint8(at) !== 0, write: (v, at, x) => v.setUint8(at, x ? 1 : 0) },
  [FieldType.Int8]: { bytes: 1, read: (v, at) => v.getInt8(at), write: (v, at, x) => v.setInt8(at, Number(x)) },
  [FieldType.UInt8]: { bytes: 1, read: (v, at) => v.getUint8(at), write: (v, at, x) => v.setUint8(at, Number(x)) },
  [FieldType.Int16]: { bytes: 2, read: (v, at) => v.getInt16(at, true), write: (v, at, x) => v.setInt16(at, Number(x), true) },
  [FieldType.UInt16]: { bytes: 2, read: (v, at) => v.getUint16(at, true), write: (v, at, x) => v.setUint16(at, Number(x), true) },
  [FieldType.Int32]: { bytes: 4, read: (v, at) => v.getInt32(at, true), write: (v, at, x) => v.setInt32(at, Number(x), true) },
  [FieldType.UInt32]: { bytes: 4, read: (v, at) => v.getUint32(at, true), write: (v, at, x) => v.setUint32(at, Number(x), true) },
  [FieldType.Int64]: { bytes: 8, read: (v, at) => v.getBigInt64(at, true), write: (v, at, x) => v.setBigInt64(at, BigInt(x), true) },
  [FieldType.UInt64]: { bytes: 8, read: (v, at) => v.getBigUint64(at, true), write: (v, at, x) => v.setBigUint64(at, BigInt(x), true) },
  [FieldType.Float32]: { bytes: 4, read: (v, at) => v.getFloat32(at, true), write: (v, at, x) => v.setFloat32(at, Number(x), true) },
  [FieldType.Float64]: { bytes: 8, read: (v, at) => v.getFloat64(at, true), write: (v, at, x) => v.setFloat64(at, Number(x), true) },
};

const has = (field: Field, flag: FieldFlags) => (field.flags & flag) !== 0;
const hold = (x: number, low: number, high: number) => (x < low ? low : x > high ? high : x);

export function quantise(field: Field, value: Value): Value {
  const round = field.type === FieldType.Float32 ? Math.fround : (x: number) => x;
  if (typeof value !== "number" || (field.type !== FieldType.Float32 && field.type !== FieldType.Float64)) return value;
  let x = round(value);
  if (has(field, FieldFlags.Angle)) {
    const turn = field.max - field.min;
    if (x < field.min || x >= field.max) x -= turn * Math.floor((x - field.min) / turn);
    if (x < field.min || x >= field.max) x = field.min;
  } else if (has(field, FieldFlags.Ranged)) {
    x = hold(x, field.min, field.max);
  }
  if (has(field, FieldFlags.Quantised)) {
    let q = Math.floor((x - field.min) / field.precision + 0.5);
    if (!has(field, FieldFlags.Ranged)) q = hold(q, -2147483647, 2147483647);
    x = field.min + q * field.precision;
  }
  x = round(x);
  return has(field, FieldFlags.Angle) && x >= field.max ? field.min : x;
}

export function readLayout(layout: Layout): Component[] {
  return Array.from({ length: layout.componentsLength() }, (_, index) => {
    const component = layout.components(index)!;
    const fields = Array.from({ length: component.fieldsLength() }, (_, i) => {
      const field = component.fields(i)!;
      const [precision, min, max] = [field.precision(), field.min(), field.max()];
      return { name: field.name()!, type: field.type(), flags: field.flags(), precision, min, max };
    });
    return { index, name: component.name()!, opaque: component.bytes() === 0, fields };
  });
}

// The named fields, quantised and packed, and the mask that says which they are.
export function packFields(component: Component, values: Fields, asGiven = false): { mask: bigint; data: Uint8Array } {
  const set = component.fields.filter((field) => field.name in values);
  const data = new Uint8Array(set.reduce((sum, field) => sum + native[field.type].bytes, 0));
  const view = new DataView(data.buffer);
  let at = 0;
  let mask = 0n;
  for (const field of set) {
    native[field.type].write(view, at, asGiven ? values[field.name] : quantise(field, values[field.name]));
    at += native[field.type].bytes;
    mask |= 1n << BigInt(component.fields.indexOf(field));
  }
  return { mask, data };
}

// Reads the masked fields into `into`; returns where the next entity's values begin.
export function unpackFields(component: Component, mask: Uint8Array | null, values: Uint8Array, at: number, into: Fields) {
  const view = new DataView(values.buffer, values.byteOffset, values.byteLength);
  component.fields.forEach((field, i) => {
    if (mask && (mask[i >> 3] & (1 << (i & 7))) === 0) return;
    into[field.name] = native[field.type].read(view, at);
    at += native[field.type].bytes;
  });
  return at;
}
