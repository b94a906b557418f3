// A component's values as 32-bit integers, "lanes": what codec packed works on. Each part of it, a field or a quaternion's
// four, is told with one flag and has lanes of its own: one, two where the field is 64 bits wide (the upper half first), five
// of a quaternion (the number of the largest, then the steps of all four).
import { Field, FieldValue, has, widthOf } from "../state/field.js";
import { FieldFlags, FieldType } from "../wire/index.js";
import { quatField } from "../state/quat.js";
import { stepsOfTurn, valueAt } from "../state/quantise.js";

const turnMax = 2 ** 30;

export interface Part {
  readonly field: number; // its only one, or the first of four
  readonly fields: number;
  readonly quat: boolean;
  readonly boolean: boolean;
  readonly lane: number; // its first
  readonly lanes: number;
  readonly turn: number; // of an angle: its lane goes round in so many steps; 0: it does not
  readonly precision: number;
}

function partOf(field: Field, f: number, lane: number): Part {
  const quat = has(field, FieldFlags.Quat);
  const two = widthOf(field.type) === 8 && !has(field, FieldFlags.Quantised);
  const steps = quat ? 0 : stepsOfTurn(field);
  return {
    field: f, fields: quat ? 4 : 1, quat, boolean: field.type === FieldType.Bool,
    lane, lanes: quat ? 5 : two ? 2 : 1, turn: steps <= turnMax ? steps : 0, precision: field.precision,
  };
}

function partsOf(fields: readonly Field[]): Part[] {
  const parts: Part[] = [];
  for (let f = 0, lane = 0; f < fields.length; ) {
    const part = partOf(fields[f], f, lane);
    const four = fields.slice(f, f + 4);
    const whole = four.length === 4 && four.every((each) => has(each, FieldFlags.Quat) && each.precision === part.precision && each.precision > 0);
    if (part.quat && !whole) throw new RangeError("quat is not on four floats of one precision");
    parts.push(part);
    f += part.fields;
    lane += part.lanes;
  }
  return parts;
}

export class Lanes {
  readonly parts: readonly Part[];
  readonly count: number;
  private readonly ofField: readonly Part[];

  /** No fields: an opaque component. */
  constructor(readonly fields: readonly Field[]) {
    if (fields.length > 64) throw new RangeError("a component has at most 64 fields");
    this.parts = partsOf(fields);
    this.count = this.parts.reduce((sum, part) => sum + part.lanes, 0);
    this.ofField = this.parts.flatMap((part) => new Array<Part>(part.fields).fill(part));
  }

  get opaque(): boolean {
    return this.fields.length === 0;
  }

  /** Field f's value; 64-bit integers as bigint. `at`: the component's first lane. */
  readField(f: number, lanes: Int32Array, at: number): FieldValue {
    const part = this.ofField[f];
    const first = at + part.lane;
    if (part.quat) return quatField(part.precision, lanes, first + 1, lanes[first], f - part.field);
    return readField(this.fields[f], lanes, first);
  }

  /** Field f in native width, little endian. Returns how many bytes. */
  writeField(f: number, lanes: Int32Array, at: number, to: DataView, offset: number): number {
    const part = this.ofField[f];
    const first = at + part.lane;
    if (!part.quat) return writeField(this.fields[f], lanes, first, to, offset);
    to.setFloat32(offset, quatField(part.precision, lanes, first + 1, lanes[first], f - part.field), true);
    return 4;
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

function readField(field: Field, lanes: Int32Array, at: number): FieldValue {
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

function writeField(field: Field, lanes: Int32Array, at: number, to: DataView, offset: number): number {
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
