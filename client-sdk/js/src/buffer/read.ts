// Foreign bytes → plain objects, held against the schema on the way: every offset inside, nothing misaligned, and what is read
// at most a few times the message. Vectors of numbers are views into the bytes.
import { shapes } from "../wire/index.js";
import { FieldShape, Kind, Shape, widths } from "./shape.js";

const depthMax = 8;
const tablesMax = 1 << 18;
const sharingMax = 4; // a writer may refer to a string or table so often on average

const decoder = new TextDecoder();

class Unreadable extends Error {}

class Reader {
  private tablesLeft = tablesMax;
  private bytesLeft: number;
  private readonly view: DataView;

  constructor(private readonly bytes: Uint8Array) {
    this.view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.bytesLeft = bytes.length * sharingMax;
  }

  root(shape: number): unknown {
    this.inside(0, 8, 4);
    return this.table(this.target(0), shape, depthMax);
  }

  private inside(at: number, bytes: number, align: number): void {
    if (at < 0 || at + bytes > this.bytes.length || at % align !== 0) throw new Unreadable();
  }

  private charge(bytes: number): void {
    if ((this.bytesLeft -= bytes) < 0) throw new Unreadable();
  }

  private target(place: number): number {
    return place + this.view.getUint32(place, true);
  }

  private table(at: number, number: number, depth: number): unknown {
    if (depth === 0 || --this.tablesLeft < 0) throw new Unreadable();
    this.inside(at, 4, 4);
    const vtable = at - this.view.getInt32(at, true);
    this.inside(vtable, 4, 2);
    const entries = this.view.getUint16(vtable, true);
    const bytes = this.view.getUint16(vtable + 2, true);
    if (entries < 4 || bytes < 4) throw new Unreadable();
    this.inside(vtable, entries, 2);
    this.inside(at, bytes, 4);
    this.charge(bytes);
    const made: Record<string, unknown> = {};
    let place = 4;
    let type = 0; // the number before: a union's type
    for (const field of shapes[number]) {
      const offset = place + 2 <= entries ? this.view.getUint16(vtable + place, true) : 0;
      place += 2;
      const value = offset === 0 ? absent(field, type) : this.field(field, at + offset, offset, bytes, type, depth);
      made[field[0]] = value;
      type = value as number;
    }
    return made;
  }

  private field([, kind, detail, size]: FieldShape, at: number, offset: number, tableBytes: number, type: number, depth: number): unknown {
    const width = kind < Kind.Struct ? widths[kind] : size ?? 4;
    if (offset + width > tableBytes) throw new Unreadable();
    this.inside(at, width, kind < Kind.Struct ? width : 4);
    if (kind < Kind.Struct) return this.number(kind, at);
    if (kind === Kind.Struct) return this.struct(shapes[detail as number], at);
    const to = this.target(at);
    switch (kind) {
      case Kind.String: return decoder.decode(this.vector(to, 1));
      case Kind.Bytes: return this.vector(to, 1);
      case Kind.Numbers: {
        const { buffer, byteOffset, length } = this.vector(to, 4);
        return new Uint32Array(buffer, byteOffset, length / 4);
      }
      case Kind.Table: return this.table(to, detail as number, depth - 1);
      case Kind.Tables: return this.tables(to, detail as number, depth - 1);
      default: return this.union(to, detail as readonly number[], type, depth - 1);
    }
  }

  private number(kind: Kind, at: number): number | bigint | boolean {
    const { view } = this;
    switch (kind) {
      case Kind.Bool: return view.getUint8(at) !== 0;
      case Kind.UInt8: return view.getUint8(at);
      case Kind.UInt16: return view.getUint16(at, true);
      case Kind.UInt32: return view.getUint32(at, true);
      case Kind.UInt64: return view.getBigUint64(at, true);
      default: return view.getFloat64(at, true);
    }
  }

  private struct(shape: Shape, at: number): unknown {
    const made: Record<string, unknown> = {};
    for (const [name, kind, place] of shape) made[name] = this.number(kind, at + (place as number));
    return made;
  }

  private vector(at: number, width: number): Uint8Array {
    this.inside(at, 4, 4);
    const bytes = this.view.getUint32(at, true) * width;
    this.inside(at + 4, bytes, width);
    this.charge(bytes);
    return this.bytes.subarray(at + 4, at + 4 + bytes);
  }

  private tables(at: number, shape: number, depth: number): unknown[] {
    const end = at + 4 + this.vector(at, 4).length;
    const made: unknown[] = [];
    for (let each = at + 4; each < end; each += 4) made.push(this.table(this.target(each), shape, depth));
    return made;
  }

  // A type of a newer relay is not read: it may be anything.
  private union(at: number, tables: readonly number[], type: number, depth: number): unknown {
    if (type === 0) throw new Unreadable();
    return type < tables.length ? this.table(at, tables[type], depth) : undefined;
  }
}

function absent([, kind, detail]: FieldShape, type: number): unknown {
  switch (kind) {
    case Kind.Bool: return false;
    case Kind.UInt64: return 0n;
    case Kind.String: return "";
    case Kind.Tables: return [];
    case Kind.Bytes:
    case Kind.Numbers:
    case Kind.Table: return undefined;
    case Kind.Union:
    case Kind.Struct:
      if (kind === Kind.Union && type === 0) return undefined;
      throw new Unreadable(); // a union's body is missing; every struct that is read is required
    default: return detail ?? 0;
  }
}

/** undefined: the bytes are no such table. identifier: four letters, or none. Time and memory are bounded by the length. */
export function read<Table>(bytes: Uint8Array, shape: number, identifier = ""): Table | undefined {
  for (let i = 0; i < identifier.length; ++i) if (bytes[4 + i] !== identifier.charCodeAt(i)) return undefined;
  try {
    return new Reader(bytes.byteOffset % 4 === 0 ? bytes : bytes.slice()).root(shape) as Table;
  } catch (error) {
    if (error instanceof Unreadable) return undefined;
    throw error;
  }
}
