// A field of a state component, as a layout describes it. Numbers as in the wire's enums of the same names.

export enum FieldType {
  Bool,
  Int8,
  UInt8,
  Int16,
  UInt16,
  Int32,
  UInt32,
  Int64,
  UInt64,
  Float32,
  Float64,
}

export const FieldFlags = { Quantised: 1, Ranged: 2, Angle: 4, Quat: 8, Position: 16 } as const;

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
