// Plain objects → a FlatBuffer. What is undefined or as where it is absent is left out; tables come before what they refer to.
import { shapes } from "../wire/index.js";
import { FieldShape, Kind, Shape, widths } from "./shape.js";

const encoder = new TextEncoder();

const isNumber = (kind: Kind) => kind < Kind.Struct;
const widthOf = ([, kind, , bytes]: FieldShape) => (isNumber(kind) ? widths[kind] : bytes ?? 4);
const alignOf = (field: FieldShape) => (isNumber(field[1]) ? widthOf(field) : 4);

type Values = Record<string, unknown>;

function told([name, kind, detail]: FieldShape, values: Values): boolean {
  const value = values[name];
  return value !== undefined && value !== "" && !(isNumber(kind) && Number(value) === ((detail as number | undefined) ?? 0));
}

class Writer {
  private view = new DataView(new ArrayBuffer(1024));
  private vtables: number[] = [];
  private at = 0; // end of what is written

  message(shape: number, identifier: string, values: Values): Uint8Array {
    this.at = 0;
    this.vtables = [];
    const start = this.take(8);
    [...identifier].forEach((letter, i) => this.view.setUint8(start + 4 + i, letter.charCodeAt(0)));
    this.refer(start, this.table(shape, values));
    this.align(4, 0);
    return new Uint8Array(this.view.buffer.slice(0, this.at));
  }

  // Zeroes.
  private take(bytes: number): number {
    const from = this.at;
    this.at += bytes;
    if (this.at > this.view.byteLength) {
      const wider = new Uint8Array(2 * this.at);
      wider.set(new Uint8Array(this.view.buffer));
      this.view = new DataView(wider.buffer);
    }
    new Uint8Array(this.view.buffer, from, bytes).fill(0);
    return from;
  }

  // What is `ahead` from the end comes to lie on a multiple.
  private align(to: number, ahead: number): void {
    this.take((to - ((this.at + ahead) % to)) % to);
  }

  private refer(from: number, to: number): void {
    this.view.setUint32(from, to - from, true);
  }

  private table(number: number, values: Values): number {
    const fields = shapes[number].map((field, id) => ({ field, id })).filter(({ field }) => told(field, values));
    fields.sort((a, b) => alignOf(b.field) - alignOf(a.field)); // no gaps between them
    const entries = 4 + 2 * fields.reduce((most, { id }) => Math.max(most, id + 1), 0);
    this.align(2, 0);
    let vtable = this.take(entries);
    let bytes = 4;
    for (const { field, id } of fields) {
      this.view.setUint16(vtable + 4 + 2 * id, bytes, true);
      bytes += widthOf(field);
    }
    this.view.setUint16(vtable, entries, true);
    this.view.setUint16(vtable + 2, bytes, true);
    vtable = this.shared(vtable, entries);
    this.align(fields.length === 0 ? 4 : Math.max(4, alignOf(fields[0].field)), 4);
    const table = this.take(bytes);
    this.view.setInt32(table, table - vtable, true);
    let place = table + 4;
    for (const { field } of fields) {
      this.field(field, place, values[field[0]], values);
      place += widthOf(field);
    }
    return table;
  }

  // One that was written before, where it is the same.
  private shared(vtable: number, entries: number): number {
    const same = this.vtables.find((each) => {
      for (let i = 0; i < entries; i += 2) if (this.view.getUint16(each + i, true) !== this.view.getUint16(vtable + i, true)) return false;
      return true;
    });
    if (same === undefined) this.vtables.push(vtable);
    else this.at = vtable;
    return same ?? vtable;
  }

  private field([, kind, detail]: FieldShape, place: number, value: unknown, values: Values): void {
    if (isNumber(kind)) return this.number(kind, place, value);
    if (kind === Kind.Struct) return this.struct(shapes[detail as number], place, value as Values);
    if (kind === Kind.Table || kind === Kind.Union)
      return this.refer(place, this.table(kind === Kind.Table ? (detail as number) : (detail as number[])[values.bodyType as number], value as Values));
    this.refer(place, this.vector(kind, detail as number, value));
  }

  private number(kind: Kind, place: number, value: unknown): void {
    const { view } = this;
    switch (kind) {
      case Kind.Bool:
      case Kind.UInt8: return view.setUint8(place, Number(value));
      case Kind.UInt16: return view.setUint16(place, Number(value), true);
      case Kind.UInt32: return view.setUint32(place, Number(value), true);
      case Kind.UInt64: return view.setBigUint64(place, value as bigint, true);
      default: return view.setFloat64(place, Number(value), true);
    }
  }

  private struct(shape: Shape, at: number, values: Values): void {
    for (const [name, kind, place] of shape) this.number(kind, at + (place as number), values[name]);
  }

  private vector(kind: Kind, shape: number, value: unknown): number {
    const bytes = kind === Kind.String ? encoder.encode(value as string) : kind === Kind.Bytes ? (value as Uint8Array) : undefined;
    const items = bytes ?? (value as readonly unknown[]);
    this.align(4, 0);
    const at = this.take(4 + items.length * (bytes === undefined ? 4 : 1));
    this.view.setUint32(at, items.length, true);
    if (bytes !== undefined) new Uint8Array(this.view.buffer).set(bytes, at + 4);
    else
      items.forEach((each, i) => {
        const place = at + 4 + 4 * i;
        if (kind === Kind.Numbers) this.number(Kind.UInt32, place, each);
        else this.refer(place, this.table(shape, each as Values));
      });
    if (kind === Kind.String) this.take(1);
    return at;
  }
}

const writer = new Writer();

export function write(shape: number, identifier: string, values: object): Uint8Array {
  return writer.message(shape, identifier, values as Values);
}
