// The player's copy of the room's state: what frames brought, with its own unconfirmed writes on top (design rule 12), and a
// list of what changed in what is shown. No clock, no I/O. Payloads call beginWhole/put/remove in the order of PROTOCOL.md,
// "Frames".
import { BrokenBytes } from "../errors.js";
import { Limits } from "../limits.js";
import { Component, Stored, same } from "./component.js";
import { ChunkMembers } from "./chunk_members.js";
import { Layout, ownerComponent } from "./layout.js";

/** One entry of the list of changes. before: what was shown; undefined where it appears. */
export interface MirrorChange {
  readonly kind: "add" | "change" | "remove";
  readonly component: number;
  readonly entity: number;
  readonly before: unknown;
}

/** Which fields this player wrote and the relay has not taken up yet, and beside them what the relay says meanwhile. */
export class Held {
  readonly seq: number[]; // per field the action that wrote it last; 0: not held
  readonly truth: Stored[];

  /** known: the relay has sent this value. */
  constructor(component: Component, values: readonly Stored[], public known: boolean) {
    this.seq = new Array<number>(component.count).fill(0);
    this.truth = known ? values.slice() : component.zeros();
  }
}

export class Row {
  whole = 0; // number of the last whole frame that held it
  held: Held | undefined;
  view: unknown; // of the values, once somebody looked

  constructor(readonly component: Component, readonly entity: number, readonly values: Stored[]) {}

  shown(): unknown {
    return (this.view ??= this.component.view(this.values));
  }
}

export class Mirror {
  tick = 0; // newest applied
  readonly entities = new Set<number>();
  private tables: Map<number, Row>[] = [];
  private readonly counts = new Map<number, number>(); // components of an entity
  private readonly heldRows = new Set<Row>();
  private wholes = 0;
  private inWhole = false;
  private watched: boolean[] = [];
  private changes: MirrorChange[] = [];
  private known: Layout | undefined;
  private readonly members = new ChunkMembers();
  private chunk: number | undefined; // of the part that is read
  private putsLeft = 0; // in the parts of a frame

  get layout(): Layout | undefined {
    return this.known;
  }

  /** Forgets everything. Changes are not listed: take them before. */
  reset(layout: Layout): void {
    this.known = layout;
    this.tables = layout.components.map(() => new Map());
    this.entities.clear();
    this.counts.clear();
    this.heldRows.clear();
    this.members.clear();
    this.chunk = undefined;
    this.watched = layout.components.map(() => false);
    this.changes = [];
    this.inWhole = false;
  }

  // ------------------------------------------------------------------------------------------------------- frames

  /** Base 0: what is not put until endWhole is gone. */
  beginWhole(): void {
    if (this.chunk !== undefined) return this.members.leaveAll(this.chunk);
    this.inWhole = true;
    ++this.wholes;
  }

  endWhole(): void {
    if (this.chunk !== undefined) return;
    this.inWhole = false;
    for (const table of this.tables)
      for (const row of [...table.values()])
        // Own values that the relay has never shown are still on their way to it.
        if (row.whole !== this.wholes && row.held?.known !== false) this.erase(row);
  }

  keepOnly(alive: Iterable<number>): void {
    if (this.chunk !== undefined) {
      this.members.leaveAll(this.chunk);
      for (const entity of alive) this.members.put(this.chunk, entity);
      return;
    }
    const kept = new Set(alive);
    for (const entity of [...this.entities])
      if (!kept.has(entity) && this.tables[ownerComponent].get(entity)?.held?.known !== false) this.remove(entity);
  }

  remove(entity: number): void {
    if (this.chunk !== undefined) return this.members.leave(this.chunk, entity);
    this.drop(entity);
  }

  private drop(entity: number): void {
    if (!this.entities.has(entity)) return;
    for (const table of this.tables) {
      const row = table.get(entity);
      if (row !== undefined) this.erase(row);
    }
  }

  /** told[f] is 1 where values[f] counts; the array stays the caller's. REQUIRES: component of the layout */
  put(index: number, entity: number, told: ArrayLike<number>, values: readonly Stored[]): void {
    if (this.chunk !== undefined) {
      if (--this.putsLeft < 0) throw new BrokenBytes("a frame's parts hold more values than a room can have");
      this.members.put(this.chunk, entity);
    }
    const component = (this.known as Layout).components[index];
    const there = this.tables[index].get(entity);
    const row = there ?? this.enlist(component, entity);
    const restart = this.inWhole && row.whole !== this.wholes; // what a whole frame does not tell is 0
    if (this.inWhole) row.whole = this.wholes;
    const before = there !== undefined && this.watched[index] ? row.shown() : undefined;
    const changed = this.putFields(row, told, values, restart);
    if (row.held !== undefined) row.held.known = true;
    if (there === undefined) this.note("add", row, undefined);
    else if (changed) this.note("change", row, before);
  }

  private putFields(row: Row, told: ArrayLike<number>, values: readonly Stored[], restart: boolean): boolean {
    const held = row.held;
    let changed = false;
    for (let f = 0; f < row.values.length; ++f) {
      if (told[f] !== 1 && !restart) continue;
      const value = told[f] === 1 ? values[f] : row.component.zeroOf(f);
      if (held !== undefined) {
        held.truth[f] = value;
        if (held.seq[f] !== 0) continue;
      }
      if (same(row.values[f], value)) continue;
      row.values[f] = value;
      changed = true;
    }
    if (changed) row.view = undefined;
    return changed;
  }

  // ------------------------------------------------------------------------------------------- a frame in parts
  // Between beginPart and endPart the calls above are of that chunk alone.

  beginParts(): void {
    this.putsLeft = Limits.puts;
  }

  beginPart(chunk: number): void {
    this.chunk = chunk;
  }

  endPart(): void {
    this.chunk = undefined;
  }

  leaveChunk(chunk: number): void {
    this.members.leaveAll(chunk);
  }

  leaveChunks(): void {
    this.members.leaveEverything();
  }

  /** Of the frame: who left a chunk and came with no other is gone. */
  endParts(): void {
    for (const entity of this.members.takeGone()) this.drop(entity);
  }

  // --------------------------------------------------------------------------------------------------- own writes

  /** Shown until release(seq or more). */
  writeOwn(index: number, entity: number, told: ArrayLike<number>, values: readonly Stored[], seq: number): void {
    const component = (this.known as Layout).components[index];
    const there = this.tables[index].get(entity);
    const row = there ?? this.enlist(component, entity, component.unwritten());
    const before = there !== undefined && this.watched[index] ? row.shown() : undefined;
    row.held ??= new Held(component, row.values, there !== undefined);
    this.heldRows.add(row);
    for (let f = 0; f < row.values.length; ++f) {
      if (told[f] !== 1) continue;
      row.held.seq[f] = seq;
      row.values[f] = values[f];
    }
    row.view = undefined;
    this.note(there === undefined ? "add" : "change", row, before);
  }

  /** The relay did, or refused, every action up to here: its values count. */
  release(appliedSeq: number): void {
    for (const row of [...this.heldRows]) {
      const held = row.held as Held;
      this.releaseFields(row, held, appliedSeq);
      if (held.seq.some((seq) => seq !== 0)) continue;
      row.held = undefined;
      this.heldRows.delete(row);
      // Applied and yet not in the relay's state: it was refused.
      if (!held.known) this.erase(row);
    }
  }

  private releaseFields(row: Row, held: Held, appliedSeq: number): void {
    const before = held.known && this.watched[row.component.index] ? row.shown() : undefined;
    let changed = false;
    for (let f = 0; f < held.seq.length; ++f) {
      if (held.seq[f] === 0 || held.seq[f] > appliedSeq) continue;
      held.seq[f] = 0;
      if (!held.known || same(row.values[f], held.truth[f])) continue;
      row.values[f] = held.truth[f];
      changed = true;
    }
    if (!changed) return;
    row.view = undefined;
    this.note("change", row, before);
  }

  get held(): ReadonlySet<Row> {
    return this.heldRows;
  }

  // ------------------------------------------------------------------------------------------------------ reading

  row(index: number, entity: number): Row | undefined {
    return this.tables[index]?.get(entity);
  }

  rows(index: number): ReadonlyMap<number, Row> {
    return this.tables[index];
  }

  // ------------------------------------------------------------------------------------------------- what changed

  watch(component: number): void {
    this.watched[component] = true;
  }

  takeChanges(): MirrorChange[] {
    const changes = this.changes;
    this.changes = [];
    return changes;
  }

  get hasChanges(): boolean {
    return this.changes.length > 0;
  }

  private note(kind: MirrorChange["kind"], row: Row, before: unknown): void {
    const component = row.component.index;
    if (this.watched[component]) this.changes.push({ kind, component, entity: row.entity, before });
  }

  private enlist(component: Component, entity: number, values = component.zeros()): Row {
    if (!this.entities.has(entity)) {
      if (this.entities.size >= Limits.entities) throw new BrokenBytes("more entities than a room can have");
      this.entities.add(entity);
    }
    const row = new Row(component, entity, values);
    this.tables[component.index].set(entity, row);
    this.counts.set(entity, (this.counts.get(entity) ?? 0) + 1);
    return row;
  }

  // The entity goes with its last component.
  private erase(row: Row): void {
    const { component, entity } = row;
    this.note("remove", row, this.watched[component.index] ? row.shown() : undefined);
    this.tables[component.index].delete(entity);
    this.heldRows.delete(row);
    const left = (this.counts.get(entity) ?? 0) - 1;
    if (left > 0) return void this.counts.set(entity, left);
    this.counts.delete(entity);
    this.entities.delete(entity);
  }
}
