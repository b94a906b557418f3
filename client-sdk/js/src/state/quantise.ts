// Values on their steps and in their ranges, bit for bit as the relay has them: PROTOCOL.md, "Quantisation". JavaScript's
// numbers are the doubles that page asks for.
import { Field, FieldValue, has } from "./field.js";
import { FieldFlags, FieldType } from "../wire/index.js";

const stepsMax = 2147483647;
const clamp = (x: number, low: number, high: number) => (x < low ? low : x > high ? high : x);

/** The value at a step, as the field's type holds it. */
export function valueAt(field: Field, step: number): number {
  const x = field.min + step * field.precision;
  return atStart(field, field.type === FieldType.Float32 ? Math.fround(x) : x);
}

/** How many steps an angle's turn has, 0 to this exclusive; 0: it has none, or is no angle. */
export function stepsOfTurn(field: Field): number {
  if (!has(field, FieldFlags.Angle) || !has(field, FieldFlags.Quantised)) return 0;
  const whole = Math.floor((field.max - field.min) / field.precision + 0.5);
  const last = field.min + whole * field.precision;
  return whole + ((field.type === FieldType.Float32 ? Math.fround(last) : last) < field.max ? 1 : 0);
}

function atStart(field: Field, x: number): number {
  if (!has(field, FieldFlags.Angle) || x < field.max) return x;
  return field.type === FieldType.Float32 ? Math.fround(field.min) : field.min;
}

/** Within the field's range: an angle goes round, others stop. */
export function heldToRange(field: Field, x: number): number {
  if (has(field, FieldFlags.Angle)) return wrapped(field, x);
  return has(field, FieldFlags.Ranged) ? clamp(x, field.min, field.max) : x;
}

function wrapped(field: Field, x: number): number {
  if (x >= field.min && x < field.max) return x;
  const turn = field.max - field.min;
  const within = x - turn * Math.floor((x - field.min) / turn);
  return within >= field.min && within < field.max ? within : field.min;
}

function quantiseFloat(field: Field, given: number): number | undefined {
  let x = field.type === FieldType.Float32 ? Math.fround(given) : given;
  if (!Number.isFinite(x)) return undefined;
  if (!has(field, FieldFlags.Quantised | FieldFlags.Ranged)) return x;
  x = heldToRange(field, x);
  if (has(field, FieldFlags.Quantised)) {
    const step = Math.floor((x - field.min) / field.precision + 0.5);
    return valueAt(field, has(field, FieldFlags.Ranged) ? step : clamp(step, -stepsMax, stepsMax));
  }
  return atStart(field, field.type === FieldType.Float32 ? Math.fround(x) : x);
}

const bits = [1, 8, 8, 16, 16, 32, 32, 64, 64];
const signed = (type: FieldType) => type === FieldType.Int8 || type === FieldType.Int16 || type === FieldType.Int32 || type === FieldType.Int64;

// A range's ends are whole numbers up to 2^53, or the type's own.
function clampInteger(field: Field, given: number | bigint): bigint {
  const width = BigInt(bits[field.type]);
  let low = signed(field.type) ? -(1n << (width - 1n)) : 0n;
  let high = signed(field.type) ? (1n << (width - 1n)) - 1n : (1n << width) - 1n;
  if (has(field, FieldFlags.Ranged)) {
    if (field.min > Number(low)) low = BigInt(Math.trunc(field.min));
    if (field.max < Number(high)) high = BigInt(Math.trunc(field.max));
  }
  const x = typeof given === "bigint" ? given : BigInt(Math.trunc(given));
  return x < low ? low : x > high ? high : x;
}

/** What the relay makes of a value; undefined where it refuses it (NaN, infinity). */
export function quantise(field: Field, value: FieldValue): FieldValue | undefined {
  if (field.type === FieldType.Bool) return Boolean(value);
  if (field.type === FieldType.Float32 || field.type === FieldType.Float64) return quantiseFloat(field, Number(value));
  if (typeof value === "number" && !Number.isFinite(value)) return undefined;
  const x = clampInteger(field, typeof value === "boolean" ? Number(value) : value);
  return field.type === FieldType.Int64 || field.type === FieldType.UInt64 ? x : Number(x);
}
