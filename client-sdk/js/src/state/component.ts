// One kind of state, as the room's layout tells it. Immutable.
import { Field, FieldType, FieldValue, widthOf } from "./field.js";
import { Shape, compose, shapeOf } from "./shape.js";

/** A field's value; the whole value of an opaque component. */
export type Stored = FieldValue | Uint8Array;

export interface NamedField extends Field {
  readonly name: string; // flattened: "pos.x"
  readonly offset: number; // in the FlatBuffers struct
}

const noBytes = new Uint8Array(0);

function sameBytes(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && a.every((byte, i) => byte === b[i]);
}

/** Bit for bit, but for the kinds of NaN. */
export function same(a: Stored, b: Stored): boolean {
  return a instanceof Uint8Array && b instanceof Uint8Array ? sameBytes(a, b) : Object.is(a, b);
}

export class Component {
  private readonly shape: Shape;
  private readonly zero: readonly Stored[];

  /** No fields: opaque, and counts as one field. Throws BrokenBytes where the fields' names do not go together. */
  constructor(readonly index: number, readonly name: string, readonly fields: readonly NamedField[]) {
    this.shape = shapeOf(fields.map((field) => field.name));
    this.zero = this.opaque ? [noBytes] : fields.map(({ type }) => (type === FieldType.Bool ? false : widthOf(type) === 8 && type !== FieldType.Float64 ? 0n : 0));
  }

  get opaque(): boolean {
    return this.fields.length === 0;
  }

  /** Fields; 1 of an opaque component. */
  get count(): number {
    return this.zero.length;
  }

  zeros(): Stored[] {
    return this.zero.slice();
  }

  zeroOf(field: number): Stored {
    return this.zero[field];
  }

  /** What a game sees of these values: nested objects, or an opaque component's bytes. */
  view(values: readonly Stored[]): unknown {
    return this.opaque ? values[0] : compose(this.shape, values);
  }

  get form(): Shape {
    return this.shape;
  }
}
