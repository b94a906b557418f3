// Holds foreign bytes against the schema, so that flatc's code may read them: every offset inside, nothing misaligned, and
// what can be read at most a few times the message. Shapes come from protocol.fbs (wire/shapes.ts).

/** Where in the vtable, which kind, what of it (bytes, table, tables of a union), alignment, whether it must be there. */
export type FieldShape = readonly [number, number, number | readonly number[], number, number];
/** Fields in the order of their places. */
export type TableShape = readonly FieldShape[];

// As tools/wire.mjs numbers them.
const Kind = { inline: 0, string: 1, vector: 2, table: 3, tables: 4, union: 5 } as const;

const depthMax = 8;
const tablesMax = 1 << 18;
const sharingMax = 4; // a writer may refer to a string or table so often on average

class Verifier {
  private tablesLeft = tablesMax;
  private bytesLeft: number;
  private readonly view: DataView;

  constructor(bytes: Uint8Array, private readonly shapes: readonly TableShape[]) {
    this.view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.bytesLeft = bytes.length * sharingMax;
  }

  root(shape: number): boolean {
    return this.inside(0, 8, 4) && this.table(this.view.getUint32(0, true), shape, depthMax);
  }

  private inside(at: number, bytes: number, align: number): boolean {
    return at >= 0 && at + bytes <= this.view.byteLength && at % align === 0;
  }

  private charge(bytes: number): boolean {
    this.bytesLeft -= bytes;
    return this.bytesLeft >= 0;
  }

  private table(at: number, shape: number, depth: number): boolean {
    if (depth === 0 || --this.tablesLeft < 0 || !this.inside(at, 4, 4)) return false;
    const vtable = at - this.view.getInt32(at, true);
    if (!this.inside(vtable, 4, 2)) return false;
    const entries = this.view.getUint16(vtable, true);
    const bytes = this.view.getUint16(vtable + 2, true);
    if (entries < 4 || !this.inside(vtable, entries, 2) || bytes < 4 || !this.inside(at, bytes, 4) || !this.charge(bytes)) return false;
    for (const field of this.shapes[shape]) {
      const [place, , , , required] = field;
      const offset = place + 2 <= entries ? this.view.getUint16(vtable + place, true) : 0;
      if (offset === 0) {
        if (required === 1 || (field[1] === Kind.union && this.unionType(field[0], vtable, entries, at) !== 0)) return false;
        continue;
      }
      const inline = field[1] === Kind.inline;
      const width = inline ? (field[2] as number) : 4;
      if (offset + width > bytes || !this.inside(at + offset, width, inline ? field[3] : 4)) return false;
      if (!inline && !this.target(at + offset, field, vtable, entries, at, depth)) return false;
    }
    return true;
  }

  private target(place: number, field: FieldShape, vtable: number, entries: number, table: number, depth: number): boolean {
    const at = place + this.view.getUint32(place, true);
    const [, kind, detail, align] = field;
    switch (kind) {
      case Kind.string: return this.vector(at, 1, 1);
      case Kind.vector: return this.vector(at, detail as number, align);
      case Kind.table: return this.table(at, detail as number, depth - 1);
      case Kind.tables: return this.tables(at, detail as number, depth);
      default: return this.union(at, detail as readonly number[], field[0], vtable, entries, table, depth);
    }
  }

  private vector(at: number, width: number, align: number): boolean {
    if (!this.inside(at, 4, 4)) return false;
    const bytes = this.view.getUint32(at, true) * width;
    return this.inside(at + 4, bytes, align) && this.charge(bytes);
  }

  private tables(at: number, shape: number, depth: number): boolean {
    if (!this.vector(at, 4, 4)) return false;
    const end = at + 4 + 4 * this.view.getUint32(at, true);
    for (let each = at + 4; each < end; each += 4) if (!this.table(each + this.view.getUint32(each, true), shape, depth - 1)) return false;
    return true;
  }

  // The field before it; it has been looked at already.
  private unionType(place: number, vtable: number, entries: number, table: number): number {
    const offset = place <= entries ? this.view.getUint16(vtable + place - 2, true) : 0;
    return offset === 0 ? 0 : this.view.getUint8(table + offset);
  }

  // A type of a newer relay is not read: it may be anything.
  private union(at: number, tables: readonly number[], place: number, vtable: number, entries: number, table: number, depth: number): boolean {
    const type = this.unionType(place, vtable, entries, table);
    if (type === 0) return false;
    return type >= tables.length || this.table(at, tables[type], depth - 1);
  }
}

/** Whether flatc's code may read the root table of `bytes` as this shape. Time and memory are bounded by the length. */
export function verify(bytes: Uint8Array, shapes: readonly TableShape[], root: number): boolean {
  return new Verifier(bytes, shapes).root(root);
}

export function hasIdentifier(bytes: Uint8Array, identifier: string): boolean {
  if (bytes.length < 8) return false;
  for (let i = 0; i < 4; ++i) if (bytes[4 + i] !== identifier.charCodeAt(i)) return false;
  return true;
}
