// A field of a state component, as a layout describes it.
import { FieldType } from "../wire/index.js";

export interface Field {
  readonly type: FieldType;
  readonly flags: number;
  readonly precision: number; // with Quantised
  readonly min: number; // with Ranged, and the origin of quantisation
  readonly max: number;
}

export type FieldValue = number | bigint | boolean;

const widths = [1, 1, 1, 2, 2, 4, 4, 8, 8, 4, 8];

/** Bytes of a value. */
export function widthOf(type: FieldType): number {
  return widths[type];
}

export function has(field: Field, flag: number): boolean {
  return (field.flags & flag) !== 0;
}
