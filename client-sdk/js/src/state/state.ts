// A room's state as this player sees it: the relay's values, and its own where the relay has not taken them up yet.
import { AnyComponents, ComponentName, EntityId, PlayerNumber } from "../types.js";
import { ownerComponent } from "./layout.js";
import { Mirror } from "./mirror.js";

/**
 * Values are frozen objects ({ pos: { x, y, z }, yaw }): a value that changed is another object. A table's value is its bytes.
 * Components are named as in the schema: "arena.Transform", or "Transform" where no other namespace has one.
 */
export class State<Components extends object = AnyComponents> {
  /** @internal */
  constructor(private readonly mirror: Mirror) {}

  /** The newest tick applied; 0 before the first frame. */
  get tick(): number {
    return this.mirror.tick;
  }

  /** Every entity there is, in no order. Live. */
  get entities(): ReadonlySet<EntityId> {
    return this.mirror.entities;
  }

  /** undefined: no such entity, or it lacks the component. Throws where the room's schema has no such component. */
  get<Name extends ComponentName<Components>>(entity: EntityId, component: Name): Components[Name] | undefined {
    const { layout } = this.mirror;
    return layout === undefined ? undefined : (this.mirror.row(layout.get(component).index, entity)?.shown() as Components[Name] | undefined);
  }

  has(entity: EntityId, component: ComponentName<Components>): boolean {
    return this.get(entity, component) !== undefined;
  }

  /** The entities that have the component, with its values; entities may come and go meanwhile. */
  *each<Name extends ComponentName<Components>>(component: Name): IterableIterator<[EntityId, Components[Name]]> {
    const { layout } = this.mirror;
    if (layout === undefined) return;
    for (const row of this.mirror.rows(layout.get(component).index).values()) yield [row.entity, row.shown() as Components[Name]];
  }

  /** How many entities have the component. */
  count(component: ComponentName<Components>): number {
    const { layout } = this.mirror;
    return layout === undefined ? 0 : this.mirror.rows(layout.get(component).index).size;
  }

  /** Who may write it; 0: nobody, or no such entity. */
  owner(entity: EntityId): PlayerNumber {
    return Number(this.mirror.row(ownerComponent, entity)?.values[0] ?? 0);
  }
}
