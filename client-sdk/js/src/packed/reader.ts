// The bytes of StateFrame.packed → state. Foreign bytes: any of them give a PackedError or changes that could be, in bounded
// time and memory.
import { RangeDecoder } from "./coder.js";
import { Context } from "./context.js";
import { Bits, decodeBit, decodeNumber } from "./model.js";
import { History } from "./value.js";
import { Lanes } from "./lanes.js";
import { decodeChanged, decodeFresh, decodeId, decodeOpaque, decodeParts } from "./row.js";

/** The bytes make no sense; the context is not to be used again. */
export class PackedError extends Error {
  override name = "PackedError";
}

/** Takes what a frame says, in order. */
export interface Changed {
  removed(id: number): void;
  /** In rising order: all others are gone. */
  keepOnly(ids: readonly number[]): void;
  /** `told[f]` is 1 where field f is: Lanes.readField(f, lanes, at) has it. Both are the reader's own: copy what is kept. */
  put(component: number, id: number, told: Uint8Array, lanes: Int32Array, at: number): void;
  /** The value is the taker's, to read. */
  putOpaque(component: number, id: number, value: Uint8Array): void;
}

export interface ReadLimits {
  readonly entities: number;
  readonly opaqueBytes: number; // of one value
  readonly lanes: number; // in one frame
  readonly opaqueBytesAll: number; // in one frame
}

export const readLimits: ReadLimits = { entities: 16384, opaqueBytes: 16384, lanes: 1 << 22, opaqueBytesAll: 16 << 20 };

export class Reader {
  private lanesLeft = 0;
  private opaqueLeft = 0;
  private readonly toldParts = new Uint8Array(64);
  private readonly told = new Uint8Array(64);

  constructor(private readonly limits: ReadLimits = readLimits) {}

  /** Of a frame of the stream; `context` is as the frame before left it. */
  stream(context: Context, bytes: Uint8Array, changed: Changed): void {
    const coder = this.begin(bytes);
    this.readRemovals(coder, context, changed);
    const spawned = this.readSpawns(coder, context);
    for (let c = 0; c < context.lanes.length; ++c) {
      this.readExisting(coder, context, c, changed);
      this.readNew(coder, context, c, spawned, changed);
    }
  }

  /** Of any other. `context` follows, so that it is right where the frame ends at a key tick. `empty`: one for this alone. */
  absolute(context: Context, empty: Context, bytes: Uint8Array, whole: boolean, changed: Changed): void {
    empty.clear();
    const coder = this.begin(bytes);
    const room = empty.room;
    if (whole) {
      context.clear();
    } else {
      const alive = decodeBit(coder, room.anyRemoved, 0) === 1;
      const ids = this.readIds(coder, room.removed, room.removedGap);
      if (alive) this.keepOnly(context, ids, changed);
      else
        for (const id of ids) {
          context.remove(id);
          changed.removed(id);
        }
    }
    const ids = this.readIds(coder, room.spawned, room.spawnGap);
    for (let c = 0; c < context.lanes.length; ++c) this.readListed(coder, context, empty, c, ids, whole, changed);
  }

  private begin(bytes: Uint8Array): RangeDecoder {
    this.lanesLeft = this.limits.lanes;
    this.opaqueLeft = this.limits.opaqueBytesAll;
    return new RangeDecoder(bytes);
  }

  // ------------------------------------------------------------------------------------------------------ stream

  private readRemovals(coder: RangeDecoder, context: Context, changed: Changed): void {
    const { room, rows } = context;
    if (decodeBit(coder, room.anyRemoved, 0) === 0) return;
    const entities = rows[0];
    const gone: number[] = [];
    const more = decodeNumber(coder, room.removed);
    if (more >= entities.size) throw new PackedError("a packed frame removes more entities than there are");
    for (let i = 0, next = 0; i <= more; ++i) {
      next += decodeNumber(coder, room.removedGap);
      if (next >= entities.size) throw new PackedError("a packed frame removes an entity that is not there");
      gone.push(next++);
    }
    // From the end: the last row takes the place of one that goes.
    for (let i = gone.length - 1; i >= 0; --i) {
      const id = entities.ids[gone[i]];
      context.remove(id);
      changed.removed(id);
    }
  }

  private readSpawns(coder: RangeDecoder, context: Context): number[] {
    if (decodeBit(coder, context.room.anySpawned, 0) === 0) return [];
    const count = decodeNumber(coder, context.room.spawned) + 1;
    if (count + context.rows[0].size > this.limits.entities) throw tooManyEntities();
    const ids: number[] = [];
    for (let i = 0; i < count; ++i) ids.push(decodeId(coder, context));
    return ids;
  }

  private readExisting(coder: RangeDecoder, context: Context, component: number, changed: Changed): void {
    const model = context.model(component);
    const rows = context.rows[component];
    if (decodeBit(coder, model.anyChanged, 0) === 0) return;
    const active = rows.active;
    for (let slot = 0, before = 0; slot < active; ++slot) {
      before = decodeChanged(coder, context.room, model, rows, slot, before);
      if (before === 1) this.readRow(coder, context, component, rows.activeRow[slot], slot, changed);
    }
    this.readWoken(coder, context, component, changed);
    rows.dropIdle();
  }

  private readWoken(coder: RangeDecoder, context: Context, component: number, changed: Changed): void {
    const model = context.model(component);
    const rows = context.rows[component];
    const woken = decodeNumber(coder, model.woken);
    for (let i = 0, next = 0; i < woken; ++i) {
      next += decodeNumber(coder, model.wakeGap);
      if (next >= rows.size) throw new PackedError("a packed frame changes an entity that is not there");
      if (rows.isActive(next)) throw new PackedError("a packed frame changes an entity twice");
      this.readRow(coder, context, component, next, rows.wake(next), changed);
      ++next;
    }
  }

  private readRow(coder: RangeDecoder, context: Context, component: number, row: number, slot: number, changed: Changed): void {
    const lanes = context.lanes[component];
    const rows = context.rows[component];
    const model = context.model(component);
    const id = rows.ids[row];
    if (lanes.opaque) {
      rows.opaque[row] = this.readOpaque(coder, context, component);
      changed.putOpaque(component, id, rows.opaque[row]);
      return;
    }
    this.spend(lanes.count);
    const h = slot * lanes.count * History.numbers;
    decodeParts(coder, context.room, model.own, lanes, rows.histories, h, rows.values, row * lanes.count, this.toldParts, true);
    changed.put(component, id, this.toldFields(lanes), rows.values, row * lanes.count);
  }

  private readNew(coder: RangeDecoder, context: Context, component: number, spawned: number[], changed: Changed): void {
    const model = context.model(component);
    let present = 1;
    for (const id of spawned) {
      if (component !== 0) present = decodeBit(coder, model.present, present);
      if (present === 1) this.readAdded(coder, context, component, id, changed);
    }
    if (component === 0 || decodeBit(coder, model.anyAdded, 0) === 0) return;
    const entities = context.rows[0];
    const count = decodeNumber(coder, model.added) + 1;
    for (let i = 0, next = 0; i < count; ++i) {
      next += decodeNumber(coder, model.addedGap);
      if (next >= entities.size) throw new PackedError("a packed frame adds to an entity that is not there");
      this.readAdded(coder, context, component, entities.ids[next++], changed);
    }
  }

  private readAdded(coder: RangeDecoder, context: Context, component: number, id: number, changed: Changed): void {
    const rows = context.rows[component];
    if (rows.find(id) >= 0) throw new PackedError("a packed frame adds what is there");
    this.readGiven(coder, context, context, component, id, rows.add(id), true, changed);
  }

  private readGiven(
    coder: RangeDecoder, models: Context, context: Context, component: number, id: number, row: number, all: boolean, changed: Changed,
  ): void {
    const lanes = context.lanes[component];
    const rows = context.rows[component];
    if (lanes.opaque) {
      rows.opaque[row] = this.readOpaque(coder, models, component);
      changed.putOpaque(component, id, rows.opaque[row]);
      return;
    }
    this.spend(lanes.count);
    decodeFresh(coder, models.room, models.model(component), lanes, all, rows.values, row * lanes.count, this.toldParts);
    changed.put(component, id, this.toldFields(lanes), rows.values, row * lanes.count);
  }

  private toldFields(lanes: Lanes): Uint8Array {
    if (lanes.parts.length === lanes.fields.length) return this.toldParts;
    lanes.parts.forEach((part, p) => this.told.fill(this.toldParts[p], part.field, part.field + part.fields));
    return this.told;
  }

  private readOpaque(coder: RangeDecoder, models: Context, component: number): Uint8Array {
    const value = decodeOpaque(coder, models.model(component), Math.min(this.limits.opaqueBytes, this.opaqueLeft));
    if (value === undefined) throw new PackedError("a packed frame holds an opaque value that is too large");
    this.opaqueLeft -= value.length;
    return value;
  }

  private spend(lanes: number): void {
    if (lanes > this.lanesLeft) throw new PackedError("a packed frame holds more values than a room can have");
    this.lanesLeft -= lanes;
  }

  // ---------------------------------------------------------------------------------------------------- absolute

  private readIds(coder: RangeDecoder, count: Bits, gap: Bits): number[] {
    const size = decodeNumber(coder, count);
    if (size > this.limits.entities) throw new PackedError("a packed frame names more entities than a room can have");
    const ids: number[] = [];
    for (let i = 0, next = 0; i < size; ++i) {
      next += decodeNumber(coder, gap);
      if (next > 0xffffffff) throw new PackedError("a packed frame names an entity beyond the last id");
      ids.push(next++);
    }
    return ids;
  }

  private keepOnly(context: Context, ids: number[], changed: Changed): void {
    const alive = new Set(ids);
    for (const id of context.rows[0].ids.filter((each) => !alive.has(each))) context.remove(id);
    changed.keepOnly(ids);
  }

  private readListed(
    coder: RangeDecoder, context: Context, empty: Context, component: number, ids: number[], whole: boolean, changed: Changed,
  ): void {
    const model = empty.model(component);
    if (decodeBit(coder, model.anyChanged, 0) === 0) return;
    const rows = context.rows[component];
    let present = 1;
    for (const id of ids) {
      present = decodeBit(coder, model.present, present);
      if (present === 0) continue;
      let row = rows.find(id);
      if (row < 0) {
        if (rows.size >= this.limits.entities) throw tooManyEntities();
        row = rows.add(id);
      }
      this.readGiven(coder, empty, context, component, id, row, whole, changed);
    }
  }
}

function tooManyEntities(): PackedError {
  return new PackedError("a packed frame makes more entities than a room can have");
}
