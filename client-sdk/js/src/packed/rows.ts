// One component of every entity that has it. Rows are a list: new ones at its end, the last one takes the place of one that
// goes. Those that changed of late are active: a second list, kept alike, of histories.
import { Lanes } from "./lanes.js";
import { History, forgetHistories } from "./value.js";

/** Turns without a change before an entity's history is dropped. */
const turnsKept = 16;
const none = -1;

function grown(array: Int32Array, count: number): Int32Array {
  if (count <= array.length) return array;
  const wider = new Int32Array(Math.max(count, array.length * 2, 16));
  wider.set(array);
  return wider;
}

export class Rows {
  readonly ids: number[] = [];
  /** Row by row. */
  values = new Int32Array(0);
  /** By row, where there are no lanes. */
  readonly opaque: Uint8Array[] = [];
  /** Of the active: their rows, whether they changed at their last turns (newest lowest), their histories. */
  activeRow = new Int32Array(0);
  turns = new Int32Array(0);
  histories = new Int32Array(0);
  active = 0;

  private readonly index = new Map<number, number>();
  private slot = new Int32Array(0);
  readonly lanes: number;
  private readonly numbers: number; // of an entity's histories

  constructor(lanes: Lanes) {
    this.lanes = lanes.count;
    this.numbers = this.lanes * History.numbers;
  }

  get size(): number {
    return this.ids.length;
  }

  /** -1: it has none. */
  find(id: number): number {
    return this.index.get(id) ?? none;
  }

  isActive(row: number): boolean {
    return this.slot[row] !== none;
  }

  /** Zeroes. The entity must not be there. */
  add(id: number): number {
    const row = this.ids.length;
    this.index.set(id, row);
    this.ids.push(id);
    this.values = grown(this.values, (row + 1) * this.lanes);
    this.values.fill(0, row * this.lanes, (row + 1) * this.lanes);
    if (this.lanes === 0) this.opaque.push(new Uint8Array(0));
    this.slot = grown(this.slot, row + 1);
    this.slot[row] = none;
    return row;
  }

  remove(row: number): void {
    if (this.slot[row] !== none) this.drop(this.slot[row]);
    this.index.delete(this.ids[row]);
    const last = this.ids.length - 1;
    if (row !== last) {
      this.ids[row] = this.ids[last];
      this.index.set(this.ids[row], row);
      this.values.copyWithin(row * this.lanes, last * this.lanes, (last + 1) * this.lanes);
      if (this.lanes === 0) this.opaque[row] = this.opaque[last];
      this.slot[row] = this.slot[last];
      if (this.slot[row] !== none) this.activeRow[this.slot[row]] = row;
    }
    this.ids.pop();
    if (this.lanes === 0) this.opaque.pop();
  }

  clear(): void {
    this.index.clear();
    this.ids.length = 0;
    this.opaque.length = 0;
    this.active = 0;
  }

  /** Its new place among the active. */
  wake(row: number): number {
    const slot = this.active++;
    this.activeRow = grown(this.activeRow, this.active);
    this.turns = grown(this.turns, this.active);
    this.histories = grown(this.histories, this.active * this.numbers);
    this.activeRow[slot] = row;
    this.turns[slot] = 1;
    forgetHistories(this.histories, slot * this.numbers, (slot + 1) * this.numbers);
    this.slot[row] = slot;
    return slot;
  }

  private drop(slot: number): void {
    this.slot[this.activeRow[slot]] = none;
    const last = --this.active;
    if (slot === last) return;
    this.activeRow[slot] = this.activeRow[last];
    this.turns[slot] = this.turns[last];
    this.slot[this.activeRow[slot]] = slot;
    this.histories.copyWithin(slot * this.numbers, last * this.numbers, (last + 1) * this.numbers);
  }

  dropIdle(): void {
    for (let slot = 0; slot < this.active; )
      if ((this.turns[slot] & ((1 << turnsKept) - 1)) === 0) this.drop(slot);
      else ++slot;
  }

  /** At a key tick: by id, nobody active. */
  settle(): void {
    this.active = 0;
    this.slot.fill(none);
    if (this.ids.every((id, row) => row === 0 || this.ids[row - 1] < id)) return;
    const order = Array.from(this.ids.keys()).sort((a, b) => this.ids[a] - this.ids[b]);
    const ids = order.map((row) => this.ids[row]);
    const values = new Int32Array(this.values.length);
    order.forEach((from, row) => values.set(this.values.subarray(from * this.lanes, (from + 1) * this.lanes), row * this.lanes));
    const opaque = this.lanes === 0 ? order.map((row) => this.opaque[row]) : [];
    this.values = values;
    ids.forEach((id, row) => {
      this.ids[row] = id;
      this.index.set(id, row);
      if (this.lanes === 0) this.opaque[row] = opaque[row];
    });
  }
}
