// Values between values: floats go straight, angles the shorter way round, quaternions along their arc, all else steps.
import { FieldFlags, FieldType } from "../wire/index.js";
import { Component, Stored } from "../state/component.js";
import { has } from "../state/field.js";
import { heldToRange } from "../state/quantise.js";

/** What leads from one to the other, field by field; 0 where it steps. */
export function between(component: Component, from: readonly Stored[], to: readonly Stored[]): number[] {
  const way = component.fields.map((field, f) => {
    if (field.type !== FieldType.Float32 && field.type !== FieldType.Float64) return 0;
    const straight = (to[f] as number) - (from[f] as number);
    const turn = field.max - field.min;
    return has(field, FieldFlags.Angle) ? straight - turn * Math.round(straight / turn) : straight;
  });
  for (const first of component.quats) {
    let dot = 0;
    for (let f = first; f < first + 4; ++f) dot += (from[f] as number) * (to[f] as number);
    if (dot < 0) for (let f = first; f < first + 4; ++f) way[f] = -(to[f] as number) - (from[f] as number); // -q is the same turn
  }
  return way;
}

/** `share` of the way from there: 0 to 1, or beyond. Held to the fields' ranges. */
export function along(component: Component, from: readonly Stored[], way: readonly number[], share: number): Stored[] {
  const made = from.map((value, f) => (way[f] === 0 ? value : heldToRange(component.fields[f], (value as number) + way[f] * share)));
  for (const first of component.quats) {
    const four = made.slice(first, first + 4) as number[];
    const length = Math.hypot(...four);
    if (length > 0) four.forEach((x, i) => (made[first + i] = x / length));
  }
  return made;
}
