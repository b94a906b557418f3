// A component's values as 32-bit integers, "lanes": what codec packed works on. A field has one, or two where it is 64 bits
// wide: the upper half first.
import { Field, FieldFlags, FieldType, FieldValue, has, widthOf } from "../state/field.js";
import { valueAt } from "../state/quantise.js";

export class Lanes {
  /** Per field its first lane; one more entry: their number. */
  readonly first: Int32Array;

  /** No fields: an opaque component. */
  constructor(readonly fields: readonly Field[]) {
    if (fields.length > 64) throw new RangeError("a component has at most 64 fields");
    this.first = new Int32Array(fields.length + 1);
    fields.forEach((field, f) => {
      const two = widthOf(field.type) === 8 && !has(field, FieldFlags.Quantised);
      this.first[f + 1] = this.first[f] + (two ? 2 : 1);
    });
  }

  get count(): number {
    return this.first[this.fields.length];
  }

  get opaque(): boolean {
    return this.fields.length === 0;
  }
}

const scratch = new DataView(new ArrayBuffer(8));

// Floats in the order of their values.
const ordered = (bits: number) => (bits < 0 ? bits ^ 0x7fffffff : bits);

function stepOf(field: Field, lane: number): number {
  return has(field, FieldFlags.Ranged) ? lane >>> 0 : lane;
}

function asFloat32(bits: number): number {
  scratch.setInt32(0, bits);
  return scratch.getFloat32(0);
}

function asFloat64(high: number, low: number): number {
  scratch.setInt32(0, high);
  scratch.setInt32(4, low);
  return scratch.getFloat64(0);
}

const asInt64 = (high: number, low: number) => (BigInt(high) << 32n) | BigInt(low >>> 0);

/** A field's value; 64-bit integers as bigint. `at`: its first lane. */
export function readField(field: Field, lanes: Int32Array, at: number): FieldValue {
  const lane = lanes[at];
  if (has(field, FieldFlags.Quantised)) return valueAt(field, stepOf(field, lane));
  switch (field.type) {
    case FieldType.Bool: return (lane & 0xff) !== 0;
    case FieldType.Int8: return (lane << 24) >> 24;
    case FieldType.UInt8: return lane & 0xff;
    case FieldType.Int16: return (lane << 16) >> 16;
    case FieldType.UInt16: return lane & 0xffff;
    case FieldType.Int32: return lane;
    case FieldType.UInt32: return lane >>> 0;
    case FieldType.Int64: return asInt64(lane, lanes[at + 1]);
    case FieldType.UInt64: return asInt64(lane >>> 0, lanes[at + 1]);
    case FieldType.Float32: return asFloat32(ordered(lane));
    case FieldType.Float64: return asFloat64(ordered(lane), lanes[at + 1]);
  }
}

/** A field in native width, little endian. Returns how many bytes. */
export function writeField(field: Field, lanes: Int32Array, at: number, to: DataView, offset: number): number {
  const width = widthOf(field.type);
  const lane = lanes[at];
  if (has(field, FieldFlags.Quantised)) {
    const value = valueAt(field, stepOf(field, lane));
    if (width === 8) to.setFloat64(offset, value, true);
    else to.setFloat32(offset, value, true);
    return width;
  }
  const isFloat = field.type === FieldType.Float32 || field.type === FieldType.Float64;
  const bits = isFloat ? ordered(lane) : lane;
  if (width === 1) to.setInt8(offset, bits);
  else if (width === 2) to.setInt16(offset, bits, true);
  else to.setInt32(width === 8 ? offset + 4 : offset, bits, true);
  if (width === 8) to.setInt32(offset, lanes[at + 1], true);
  return width;
}
