// A room's state as frames of codec `plain` make it: PROTOCOL.md, "Frames", rules 1 to 3.
import * as wire from "./wire";
import { Component, Fields, unpackFields } from "./values";

export type ComponentValue = Fields | Uint8Array;
export type Entity = Map<string, ComponentValue>;

export class Mirror {
  layout: Component[] = [];
  entities = new Map<number, Entity>();
  tick = 0; // what we have

  component(name: string): Component {
    const found = this.layout.find((component) => component.name === name);
    if (!found) throw new Error(`no component ${name}`);
    return found;
  }

  fields(entity: number, name: string): Fields | undefined {
    return this.entities.get(entity)?.get(name) as Fields | undefined;
  }

  opaque(entity: number, name: string): Uint8Array | undefined {
    return this.entities.get(entity)?.get(name) as Uint8Array | undefined;
  }

  applies(head: wire.FrameHead): boolean {
    const base = head.span() === 0 ? 0 : head.tick() - head.span();
    return base <= this.tick && this.tick < head.tick();
  }

  apply(frame: wire.StateFrame): void {
    const head = frame.head()!;
    if (frame.packedLength() > 0) throw new Error("this client reads codec plain only");
    if (head.span() === 0) this.entities.clear();
    if (head.flags() & wire.FrameFlags.ListsAlive) {
      const alive = new Set(frame.aliveArray() ?? []);
      for (const id of this.entities.keys()) if (!alive.has(id)) this.entities.delete(id);
    }
    for (const id of frame.removedArray() ?? []) this.entities.delete(id);
    for (let i = 0; i < frame.columnsLength(); ++i) this.applyColumn(frame.columns(i)!);
    this.tick = head.tick();
  }

  private applyColumn(column: wire.Column): void {
    const component = this.layout[column.component()];
    if (!component) throw new Error("a component beyond the layout");
    const values = column.valuesArray() ?? new Uint8Array();
    const masks = column.masksArray();
    const maskBytes = Math.ceil(component.fields.length / 8);
    let at = 0;
    (column.idsArray() ?? new Uint32Array()).forEach((id, k) => {
      const entity = this.entities.get(id) ?? new Map<string, ComponentValue>();
      this.entities.set(id, entity);
      if (component.opaque) {
        const end = at + column.lengths(k)!;
        entity.set(component.name, values.slice(at, end));
        at = end;
        return;
      }
      const mask = masks && masks.subarray(k * maskBytes, (k + 1) * maskBytes);
      const fields: Fields = { ...(entity.get(component.name) as Fields | undefined) };
      at = unpackFields(component, mask, values, at, fields);
      entity.set(component.name, fields);
    });
    if (at !== values.length) throw new Error("a column's values do not end where its entities do");
  }
}
