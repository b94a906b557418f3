// What this player did and the relay has not confirmed.
//
// Actions are numbered when they are done. Sets of one component of one entity merge while they wait for the socket; once sent
// they are forgotten here, the newest own values stay in the Mirror. Inputs are forgotten once sent. Everything else stays
// until the relay has applied its number, and is sent again, with its number, after a lost connection.
import { Limits } from "../limits.js";
import { Component, Stored } from "../state/component.js";
import * as wire from "../wire/index.js";
import { Action, bytesOfAction } from "./action.js";

const keyOf = (component: Component, entity: number) => component.index * 2 ** 32 + entity;
const repeats = ({ kind }: Action) => kind !== wire.ActionKind.Set && kind !== wire.ActionKind.Input;

export class Outbox {
  private nextSeq = 1;
  private waiting: Action[] = []; // by number
  private sent: Action[] = []; // by number, all below those waiting; to be repeated
  private readonly sets = new Map<number, Action>(); // component and entity → its waiting Set
  private bytes = 0; // of waiting and sent
  private inputs = 0;
  /** The direct messages that were there when the newest waiting action was done; undefined: as many as now. */
  direct: number | undefined;

  constructor(private readonly have: { readonly direct: number }) {}

  get newestSeq(): number {
    return this.nextSeq - 1;
  }

  get full(): boolean {
    return this.waiting.length + this.sent.length >= Limits.outboxActions || this.bytes >= Limits.outboxBytes;
  }

  get empty(): boolean {
    return this.waiting.length === 0;
  }

  /** Numbers the action and queues it. REQUIRES: not a Set */
  add(action: Omit<Action, "seq">): number {
    this.direct = this.have.direct;
    const numbered = { ...action, seq: this.nextSeq++ };
    if (action.kind === wire.ActionKind.Despawn || action.kind === wire.ActionKind.Claim) this.seal(action.entity);
    if (action.kind === wire.ActionKind.Input && ++this.inputs > Limits.outboxInputs) this.dropOldestInput();
    this.push(numbered);
    return numbered.seq;
  }

  /** The number under which the value travels: that of a waiting Set that takes it up, else a new one. */
  set(component: Component, entity: number, told: Uint8Array, values: readonly Stored[]): number {
    this.direct = this.have.direct;
    const waiting = this.sets.get(keyOf(component, entity));
    if (waiting !== undefined && waiting.sealed !== true) {
      this.bytes -= bytesOfAction(waiting);
      told.forEach((each, f) => {
        if (each !== 1) return;
        (waiting.told as Uint8Array)[f] = 1;
        (waiting.values as Stored[])[f] = values[f];
      });
      this.bytes += bytesOfAction(waiting);
      return waiting.seq;
    }
    const action: Action = { kind: wire.ActionKind.Set, seq: this.nextSeq++, entity, component, told: told.slice(0, component.count), values: values.slice() };
    this.sets.set(keyOf(component, entity), action);
    this.push(action);
    return action.seq;
  }

  /** The next message's worth of actions, removed from the queue. */
  take(): Action[] {
    const taken: Action[] = [];
    let bytes = 0;
    for (const action of this.waiting) {
      const more = bytesOfAction(action);
      if (taken.length === Limits.actions || (taken.length > 0 && bytes + more > Limits.messageBytes - 1024)) break;
      bytes += more;
      taken.push(action);
      if (action.kind === wire.ActionKind.Input) --this.inputs;
      if (action.kind === wire.ActionKind.Set) this.forgetSet(action);
      if (repeats(action)) this.sent.push(action);
      else this.bytes -= more;
    }
    this.waiting.splice(0, taken.length);
    return taken;
  }

  /** The relay did, or refused, everything up to here. */
  applied(seq: number): void {
    let done = 0;
    while (done < this.sent.length && this.sent[done].seq <= seq) this.bytes -= bytesOfAction(this.sent[done++]);
    if (done > 0) this.sent.splice(0, done);
  }

  /**
   * A connection was resumed: everything above appliedSeq waits again. Returns the first number that was never sent: own values
   * held below it, save those of spawns(), are to be set again.
   */
  resume(appliedSeq: number): number {
    const firstUnsent = this.waiting.length === 0 ? this.nextSeq : this.waiting[0].seq;
    this.applied(appliedSeq);
    this.waiting = [...this.sent, ...this.waiting];
    this.sent = [];
    this.continueAfter(appliedSeq);
    return firstUnsent;
  }

  /** A Spawn of this number is unconfirmed. */
  spawns(seq: number): boolean {
    return [...this.sent, ...this.waiting].some((action) => action.seq === seq && action.kind === wire.ActionKind.Spawn);
  }

  /** The seat is another one, or the layout: nothing of before makes sense. */
  forget(): void {
    this.waiting = [];
    this.sent = [];
    this.sets.clear();
    this.bytes = 0;
    this.inputs = 0;
  }

  continueAfter(seq: number): void {
    this.nextSeq = Math.max(this.nextSeq, seq + 1);
  }

  private push(action: Action): void {
    this.bytes += bytesOfAction(action);
    this.waiting.push(action);
  }

  private forgetSet(action: Action): void {
    const key = keyOf(action.component as Component, action.entity);
    if (this.sets.get(key) === action) this.sets.delete(key);
  }

  private seal(entity: number): void {
    for (const action of this.waiting) if (action.kind === wire.ActionKind.Set && action.entity === entity) action.sealed = true;
  }

  private dropOldestInput(): void {
    const oldest = this.waiting.findIndex((action) => action.kind === wire.ActionKind.Input);
    this.bytes -= bytesOfAction(this.waiting[oldest]);
    this.waiting.splice(oldest, 1);
    --this.inputs;
  }
}
