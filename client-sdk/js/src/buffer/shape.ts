// What protocol.fbs says of its tables, as tools/wire.mjs writes it into wire/index.ts: by it read.ts and write.ts work.

export const enum Kind {
  Bool, UInt8, UInt16, UInt32, UInt64, Float64, // tools/wire.mjs counts likewise
  Struct, String, Bytes, Numbers, Table, Tables, Union,
}

/**
 * Name, kind, and of a Struct, Table, Tables: the number of its shape; of a Union: those of its tables, by type; of a number:
 * what it is where it is absent. Last a Struct's bytes. In a struct: name, kind, place.
 */
export type FieldShape = readonly [name: string, kind: Kind, detail?: number | readonly number[], bytes?: number];

/** Fields by their ids; a union's type stands before it. */
export type Shape = readonly FieldShape[];

/** Bytes of a number. */
export const widths = [1, 1, 2, 4, 8, 8];
