// What the state that this page receives would take as JSON: the same changes, field by field, as JSON.stringify writes them, numbers
// with the schema's three decimals. Counted apart from receiving, so that it does not count as the SDK's time.
const decimals = (key, value) => (typeof value === "number" ? Math.round(value * 1000) / 1000 : value instanceof Uint8Array ? [...value] : value);

function changed(before, value) {
  if (before === undefined || typeof value !== "object" || value instanceof Uint8Array) return value;
  const fields = {};
  for (const [name, now] of Object.entries(value)) {
    const was = before[name];
    if (typeof now === "object" && now !== null) {
      const inner = changed(was, now);
      if (Object.keys(inner).length > 0) fields[name] = inner;
    } else if (now !== was) fields[name] = now;
  }
  return fields;
}

export class JsonCost {
  constructor(room) {
    this.bytes = 0;
    this.ticks = [];
    this.set = [];
    this.gone = [];
    room.onAdd("*", (entity, value, before, component) => this.set.push([entity, component, undefined, value]));
    room.onChange("*", (entity, value, before, component) => this.set.push([entity, component, before, value]));
    room.onRemove("*", (entity) => this.gone.push(entity));
    room.onStateChange((state, tick) => {
      this.ticks.push({ tick, set: this.set, gone: this.gone });
      this.set = [];
      this.gone = [];
    });
  }

  /** Bytes so far. */
  count() {
    for (const { tick, set, gone } of this.ticks) {
      const message = { tick, set: set.map(([entity, component, before, value]) => [entity, component, changed(before, value)]), gone };
      this.bytes += JSON.stringify(message, decimals).length;
    }
    this.ticks = [];
    return this.bytes;
  }
}
