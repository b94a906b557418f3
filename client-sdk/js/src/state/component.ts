// One kind of state, as the room's layout tells it. Immutable.
import { BrokenBytes } from "../errors.js";
import { Field, FieldValue, has, widthOf } from "./field.js";
import { FieldFlags, FieldType } from "../wire/index.js";
import { Quat, quantiseQuat } from "./quat.js";
import { quantise } from "./quantise.js";
import { Shape, compose, shapeOf } from "./shape.js";

/** A field's value; the whole value of an opaque component. */
export type Stored = FieldValue | Uint8Array;

export interface NamedField extends Field {
  readonly name: string; // flattened: "pos.x"
  readonly offset: number; // in the FlatBuffers struct
}

// Throws BrokenBytes where they are not four floats each.
function quatsOf(fields: readonly NamedField[]): number[] {
  const quats: number[] = [];
  for (let f = 0; f < fields.length; f += 1) {
    const { precision } = fields[f];
    if (!has(fields[f], FieldFlags.Quat)) continue;
    const four = fields.slice(f, f + 4);
    const whole = four.length === 4 && four.every((each) => has(each, FieldFlags.Quat) && each.type === FieldType.Float32 && each.precision === precision);
    if (!whole || !(precision > 0)) throw new BrokenBytes(`quat is not on four floats of one precision at '${fields[f].name}'`);
    quats.push(f);
    f += 3;
  }
  return quats;
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
  /** The first fields of quaternions: these are written by fours. */
  readonly quats: readonly number[];
  private readonly zero: readonly Stored[];

  /** No fields: opaque, and counts as one field. Throws BrokenBytes where the fields' names do not go together. */
  constructor(readonly index: number, readonly name: string, readonly fields: readonly NamedField[]) {
    this.shape = shapeOf(fields.map((field) => field.name));
    this.quats = quatsOf(fields);
    this.zero = this.opaque ? [noBytes] : fields.map(({ type }) => (type === FieldType.Bool ? false : widthOf(type) === 8 && type !== FieldType.Float64 ? 0n : 0));
  }

  /** What was never written: all 0, quantised. */
  unwritten(): Stored[] {
    const values = this.zeros();
    if (!this.opaque) this.quantise(values, values.map(() => 1));
    return values;
  }

  /** Makes of the told values what the relay will. Returns the name of a field that it refuses (NaN, infinity). */
  quantise(values: Stored[], told: ArrayLike<number>): string | undefined {
    for (const f of this.quats) {
      if (told[f] !== 1) continue;
      const made = quantiseQuat(this.fields[f].precision, [0, 1, 2, 3].map((i) => Number(values[f + i])) as unknown as Quat);
      if (made === undefined) return this.fields[f].name;
      made.forEach((value, i) => (values[f + i] = value));
    }
    for (const [f, field] of this.fields.entries()) {
      if (told[f] !== 1 || has(field, FieldFlags.Quat)) continue;
      const made = quantise(field, values[f] as FieldValue);
      if (made === undefined) return field.name;
      values[f] = made;
    }
    return undefined;
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
