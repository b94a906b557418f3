// Reads a .bfbs, which is itself a FlatBuffer (FlatBuffers' reflection.fbs), as far as types go. Trusted bytes: flatc's own.
// The numbers are the places of fields in reflection.fbs.

/** Names of reflection's BaseType. */
export const BaseType = {
  None: 0, UType: 1, Bool: 2, Byte: 3, UByte: 4, Short: 5, UShort: 6, Int: 7, UInt: 8, Long: 9, ULong: 10, Float: 11, Double: 12,
  String: 13, Vector: 14, Obj: 15, Union: 16, Array: 17,
};

const widths = [0, 1, 1, 1, 1, 2, 2, 4, 4, 8, 8, 4, 8, 4, 4, 4, 4];

/** Bytes of a scalar, or of an offset. */
export const widthOf = (baseType) => widths[baseType];

class Table {
  constructor(view, at) {
    this.view = view;
    this.at = at;
  }

  place(field) {
    const vtable = this.at - this.view.getInt32(this.at, true);
    const entry = 4 + 2 * field;
    const offset = entry < this.view.getUint16(vtable, true) ? this.view.getUint16(vtable + entry, true) : 0;
    return offset === 0 ? 0 : this.at + offset;
  }

  target(place) {
    return place + this.view.getUint32(place, true);
  }

  byte(field) {
    const place = this.place(field);
    return place === 0 ? 0 : this.view.getUint8(place);
  }

  short(field) {
    const place = this.place(field);
    return place === 0 ? 0 : this.view.getUint16(place, true);
  }

  int(field, otherwise = 0) {
    const place = this.place(field);
    return place === 0 ? otherwise : this.view.getInt32(place, true);
  }

  long(field) {
    const place = this.place(field);
    return place === 0 ? 0n : this.view.getBigInt64(place, true);
  }

  table(field) {
    const place = this.place(field);
    return place === 0 ? null : new Table(this.view, this.target(place));
  }

  text(field) {
    const place = this.place(field);
    if (place === 0) return "";
    const at = this.target(place);
    const bytes = new Uint8Array(this.view.buffer, this.view.byteOffset + at + 4, this.view.getUint32(at, true));
    return new TextDecoder().decode(bytes);
  }

  tables(field) {
    const place = this.place(field);
    if (place === 0) return [];
    const at = this.target(place);
    return Array.from({ length: this.view.getUint32(at, true) }, (_, i) => new Table(this.view, this.target(at + 4 + 4 * i)));
  }
}

function typeOf(table) {
  if (table === null) return { base: 0, element: 0, index: -1, length: 0 };
  return { base: table.byte(0), element: table.byte(1), index: table.int(2, -1), length: table.short(3) };
}

function fieldOf(table) {
  return {
    name: table.text(0), type: typeOf(table.table(1)), id: table.short(2), offset: table.short(3), absent: Number(table.long(4)), deprecated: table.byte(6) !== 0,
    required: table.byte(7) !== 0,
  };
}

function objectOf(table) {
  const fields = table.tables(1).map(fieldOf).sort((a, b) => a.id - b.id);
  return { name: table.text(0), fields, isStruct: table.byte(2) !== 0, align: table.int(3), bytes: table.int(4) };
}

function enumOf(table) {
  const values = table.tables(1).map((value) => {
    const type = typeOf(value.table(3));
    return { name: value.text(0), value: value.long(1), object: type.index };
  });
  return { name: table.text(0), values, isUnion: table.byte(2) !== 0 };
}

/** The objects (tables and structs, fields by id) and enums of a .bfbs, by their numbers. Throws where it is none. */
export function readBinarySchema(bytes, path) {
  if (bytes.length < 8 || new TextDecoder().decode(bytes.subarray(4, 8)) !== "BFBS")
    throw new Error(`${path} is no binary schema: make it with flatc --binary --schema`);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const schema = new Table(view, view.getUint32(0, true));
  return { objects: schema.tables(0).map(objectOf), enums: schema.tables(1).map(enumOf) };
}
