// What others' entities looked like at the latest ticks, for showing them a little in the past and smoothly. A history per entity of
// the components that the game asked for.
import { badUsage } from "../errors.js";
import { Component, Stored } from "../state/component.js";
import { Mirror, MirrorChange } from "../state/mirror.js";
import { along, between } from "./blend.js";

const snapshotsMax = 32; // of an entity

interface Snapshot {
  readonly tick: number;
  readonly values: readonly Stored[];
}

export class Interpolation {
  private readonly wanted = new Set<string>();
  private readonly histories = new Map<number, Map<number, Snapshot[]>>(); // by component, entity; oldest first

  constructor(private readonly mirror: Mirror) {}

  want(component: Component): void {
    const { index, name } = component;
    if (component.opaque) throw badUsage(`interpolate: '${name}' is a table: there is nothing between its values; listen with onChange`);
    this.wanted.add(name);
    if (this.histories.has(index)) return;
    this.mirror.watch(index);
    const rows = [...this.mirror.rows(index).values()];
    this.histories.set(index, new Map(rows.map(({ entity, values }) => [entity, [{ tick: this.mirror.tick, values: values.slice() }]])));
  }

  /** Another layout: the same names, where it has them. */
  attach(): void {
    this.histories.clear();
    for (const name of this.wanted) {
      const component = this.mirror.layout?.find(name);
      if (component?.opaque === false) this.want(component);
    }
  }

  /** A frame of `tick` was applied to what there was at `before`. shownTick: what is older is not needed. */
  record(changes: readonly MirrorChange[], tick: number, before: number, shownTick: number): void {
    for (const { component, entity } of changes) {
      const entities = this.histories.get(component);
      if (entities === undefined) continue;
      const row = this.mirror.row(component, entity);
      if (row === undefined) entities.delete(entity);
      else entities.set(entity, continued(entities.get(entity) ?? [], { tick, values: row.values.slice() }, before, shownTick));
    }
  }

  /** undefined: nobody asked, or it is not there. most: so many ticks beyond the newest, while it moves. */
  at(component: number, entity: number, tick: number, most: number): readonly Stored[] | undefined {
    const history = this.histories.get(component)?.get(entity) ?? [];
    const next = history.findIndex((each) => each.tick > tick);
    if (next === 0) return history[0].values;
    const last = next > 0 ? next : history.length - 1;
    const from = history[last - 1];
    const to = history[last];
    const kind = (this.mirror.layout as NonNullable<Mirror["layout"]>).components[component];
    if (next > 0) return along(kind, from.values, between(kind, from.values, to.values), (tick - from.tick) / (to.tick - from.tick));
    const moves = from !== undefined && to.tick === this.mirror.tick;
    return moves ? along(kind, to.values, between(kind, from.values, to.values), Math.min(tick - to.tick, most) / (to.tick - from.tick)) : to?.values;
  }
}

function continued(history: Snapshot[], newest: Snapshot, before: number, shownTick: number): Snapshot[] {
  const last = history[history.length - 1];
  if (last !== undefined && last.tick >= newest.tick) return [newest]; // its own write, or the room went back
  // It rested until then: else it would creep.
  if (last !== undefined && last.tick < before) history.push({ tick: before, values: last.values });
  history.push(newest);
  while (history.length > snapshotsMax || (history.length > 2 && history[1].tick <= shownTick)) history.shift();
  return history;
}
