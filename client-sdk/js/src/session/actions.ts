// What the player does: checked, numbered, shown at once. Throws a TickrelayError that says what, where and the remedy.
import { badUsage } from "../errors.js";
import { Limits } from "../limits.js";
import { Component, Stored, same } from "../state/component.js";
import { Layout, ownerComponent, roomComponent } from "../state/layout.js";
import { Prediction } from "../feel/prediction.js";
import { Mirror } from "../state/mirror.js";
import { decompose } from "../state/shape.js";
import { bytesOf, checkedName } from "../text.js";
import { Data, SpawnOptions, To } from "../types.js";
import * as wire from "../wire/index.js";
import { Outbox } from "./outbox.js";
import { Requests } from "./requests.js";
import { Seat } from "./seat.js";

const one = new Uint8Array([1]);
const audiences: Record<string, wire.Audience> = { others: wire.Audience.Others, all: wire.Audience.All, authority: wire.Audience.Authority };

export class Actions {
  constructor(
    private readonly mirror: Mirror, private readonly outbox: Outbox, private readonly seat: Seat, private readonly requests: Requests, private readonly prediction: Prediction,
    /** Why nothing can be done any more; undefined: it can. */
    private readonly fault: () => string | undefined,
    /** Something waits to be sent. */
    private readonly work: () => void,
  ) {}

  get over(): boolean {
    return this.fault() !== undefined;
  }

  private mayAct(what: string): Layout {
    const fault = this.fault() ?? (this.mirror.layout === undefined ? "not in the room yet" : undefined);
    if (fault !== undefined) throw badUsage(`${what}: ${fault}`);
    if (this.outbox.full) throw badUsage(`${what}: too much waits for the relay already; send less, or wait until onReconnect`);
    return this.mirror.layout as Layout;
  }

  // ----------------------------------------------------------------------------------------------------- messages

  send(type: string, payload: Data, to: To | undefined, wantsAnswer = false): number {
    const what = `send '${type}'`;
    this.mayAct(what);
    const data = bytesOf(payload, Limits.payloadBytes, what);
    checkedName(type, Limits.typeBytes, `${what}: a message's type`);
    const numbers = typeof to === "number" ? [to] : Array.isArray(to) ? (to as readonly number[]) : undefined;
    if (numbers?.length === 0) throw badUsage(`${what}: { to: [] } names nobody`);
    if (numbers !== undefined && numbers.length > Limits.receivers) throw badUsage(`${what}: { to } names at most ${Limits.receivers} players`);
    const audience = numbers !== undefined ? wire.Audience.Players : to === undefined ? wire.Audience.Default : audiences[to as string];
    if (audience === undefined) throw badUsage(`${what}: { to: '${String(to)}' } is nobody; it takes player numbers, "others", "all" or "authority"`);
    // A request has the number of its message: the relay's Failure names either.
    const request = wantsAnswer ? this.outbox.newestSeq + 1 : 0;
    return this.add({ kind: wire.ActionKind.Message, entity: 0, type, data, audience, to: numbers, request });
  }

  request(type: string, payload: Data, to: To | undefined, deadlineUs: number): Promise<Uint8Array> {
    return this.requests.add(this.send(type, payload, to, true), type, deadlineUs);
  }

  answer(player: number, request: number, payload: Data): number {
    this.mayAct("answer");
    return this.add({ kind: wire.ActionKind.Answer, entity: 0, to: [player], request, data: bytesOf(payload, Limits.payloadBytes, "answer") });
  }

  input(payload: Data): number {
    this.mayAct("input");
    const data = bytesOf(payload, Limits.inputBytes, "input");
    const seq = this.add({ kind: wire.ActionKind.Input, entity: 0, data });
    this.prediction.input(seq, data);
    return seq;
  }

  private add(action: Parameters<Outbox["add"]>[0]): number {
    const seq = this.outbox.add(action);
    this.work();
    return seq;
  }

  // -------------------------------------------------------------------------------------------------------- state

  despawn(entity: number): number {
    return this.actOn(wire.ActionKind.Despawn, "despawn", entity);
  }

  claim(entity: number): number {
    return this.actOn(wire.ActionKind.Claim, "claim", entity);
  }

  private actOn(kind: wire.ActionKind, what: string, entity: number): number {
    this.mayAct(what);
    if (!this.mirror.entities.has(entity)) throw badUsage(`${what}: there is no entity ${entity}`);
    return this.add({ kind, entity });
  }

  spawn(name: string, fields: unknown, { keep, seenBy }: SpawnOptions = {}): number {
    const what = `spawn '${name}'`;
    const component = writable(this.mayAct(what), name);
    const { told, values } = prepare(component, fields, undefined, true);
    const audience = { everyone: 0, owner: wire.ActionFlags.Private, team: wire.ActionFlags.Team }[seenBy ?? "everyone"];
    const flags = (keep === true ? wire.ActionFlags.Keep : 0) | audience;
    const entity = this.seat.ids.take();
    if (entity === 0) throw badUsage(`${what}: no entity ids are left; the relay grants more while earlier spawns are taken up, but none to spectators`);
    const seq = this.add({ kind: wire.ActionKind.Spawn, entity, component, told, values: values.slice(), flags });
    this.mirror.writeOwn(ownerComponent, entity, one, [this.seat.player], seq);
    this.mirror.writeOwn(component.index, entity, told, values, seq);
    return entity;
  }

  set(entity: number, name: string, fields: unknown): number {
    const what = `set '${name}'`;
    const component = writable(this.mayAct(what), name);
    const row = this.mirror.row(component.index, entity);
    const { told, values } = prepare(component, fields, row?.values, false);
    if (!this.mirror.entities.has(entity)) throw badUsage(`${what}: there is no entity ${entity}`);
    if (row !== undefined) {
      for (let f = 0; f < told.length; ++f) if (told[f] === 1 && same(values[f], row.values[f])) told[f] = 0;
      withWholeQuats(component, told, () => {});
      if (!told.includes(1)) return this.outbox.newestSeq;
    }
    const seq = this.outbox.set(component, entity, told, values);
    this.mirror.writeOwn(component.index, entity, told, values, seq);
    this.work();
    return seq;
  }

  /** Own values that were sent, and perhaps lost, go again under new numbers. */
  repeatSets(firstUnsent: number, appliedSeq: number): void {
    for (const { component, entity, held, values } of [...this.mirror.held]) {
      const lost = (seq: number) => seq > appliedSeq && seq < firstUnsent && !this.outbox.spawns(seq);
      const told = Uint8Array.from(held?.seq ?? [], (seq) => (lost(seq) ? 1 : 0));
      if (!told.includes(1)) continue;
      const seq = this.outbox.set(component, entity, told, values);
      this.mirror.writeOwn(component.index, entity, told, values.slice(), seq);
    }
  }
}

function writable(layout: Layout, name: string): Component {
  const component = layout.get(name);
  if (component.index <= roomComponent) throw badUsage(`'${name}' is the relay's own: nobody writes it`);
  return component;
}

// A quaternion is written by all four: take(f) for those that were not told.
function withWholeQuats(component: Component, told: Uint8Array, take: (field: number) => void): void {
  for (const first of component.quats) {
    if (!told.subarray(first, first + 4).includes(1)) continue;
    for (let f = first; f < first + 4; ++f) {
      if (told[f] === 0) take(f);
      told[f] = 1;
    }
  }
}

/** What the relay will make of the given fields. shown: what is there. all: those that are not given are 0. */
function prepare(component: Component, given: unknown, shown: readonly Stored[] | undefined, all: boolean): { told: Uint8Array; values: Stored[] } {
  const told = new Uint8Array(component.count).fill(all ? 1 : 0);
  const values = component.unwritten();
  if (component.opaque) {
    told[0] = 1;
    if (!(given instanceof Uint8Array)) throw badUsage(`'${component.name}' is a table: give its value as a Uint8Array`);
    values[0] = bytesOf(given, Limits.opaqueBytes, `'${component.name}'`);
    return { told, values };
  }
  decompose(component.form, given, `'${component.name}'`, (f, value) => {
    told[f] = 1;
    values[f] = value;
  });
  withWholeQuats(component, told, (f) => {
    if (shown !== undefined) values[f] = shown[f];
  });
  const refused = component.quantise(values, told);
  if (refused !== undefined) throw badUsage(`'${component.name}'.${refused} is not a finite number`);
  return { told, values };
}
