// The form in which a game sees a component: nested objects and arrays from flattened names ("pos.x", "v[0]"), and back.
import { BrokenBytes, badUsage } from "../errors.js";
import { FieldValue } from "./field.js";

/** A field's number, or what is made of several. */
export type Shape = number | Shape[] | Map<string, Shape>;

const names = /^[A-Za-z_][A-Za-z0-9_]*(\[\d+\])*(\.[A-Za-z_][A-Za-z0-9_]*(\[\d+\])*)*$/;

// "pos.v[1]" → "pos", "v", 1
function stepsOf(name: string): (string | number)[] {
  if (!names.test(name) || /(^|\.)__proto__/.test(name)) throw new BrokenBytes(`a field is called '${name}'`);
  return (name.match(/[A-Za-z_][A-Za-z0-9_]*|\d+(?=\])/g) ?? []).map((step) => (/^\d/.test(step) ? Number(step) : step));
}

const empty = (next: string | number): Shape => (typeof next === "number" ? [] : new Map());

function childOf(shape: Shape, step: string | number, made: () => Shape, name: string): Shape {
  if (typeof step === "number" && Array.isArray(shape) && step <= shape.length) {
    if (step === shape.length) shape.push(made());
    return shape[step];
  }
  if (typeof step === "string" && shape instanceof Map) {
    const child = shape.get(step) ?? made();
    shape.set(step, child);
    return child;
  }
  throw new BrokenBytes(`the field '${name}' does not go with those before it`);
}

/** Throws BrokenBytes where the names do not make one value. */
export function shapeOf(fieldNames: readonly string[]): Shape {
  const root: Shape = new Map();
  fieldNames.forEach((name, number) => {
    const steps = stepsOf(name);
    let shape = root as Shape;
    steps.forEach((step, i) => {
      const last = i + 1 === steps.length;
      shape = childOf(shape, step, () => (last ? number : empty(steps[i + 1])), name);
    });
    if (shape !== number) throw new BrokenBytes(`the field '${name}' is there twice`);
  });
  return root;
}

/** The value a game sees; unless `finish` is another, it never changes again. */
export function compose(shape: Shape, values: readonly unknown[], finish: <Made>(made: Made) => Made = Object.freeze): unknown {
  if (typeof shape === "number") return values[shape];
  if (Array.isArray(shape)) return finish(shape.map((each) => compose(each, values, finish)));
  const made: Record<string, unknown> = {};
  for (const [name, each] of shape) made[name] = compose(each, values, finish);
  return finish(made);
}

/** take(field, value) for every field that `given` holds. Throws a TickrelayError that names what does not fit. */
export function decompose(shape: Shape, given: unknown, where: string, take: (field: number, value: FieldValue) => void): void {
  if (typeof shape === "number") {
    if (typeof given !== "number" && typeof given !== "bigint" && typeof given !== "boolean")
      throw badUsage(`${where} takes a number, not ${given === null ? "null" : typeof given}`);
    return take(shape, given);
  }
  if (typeof given !== "object" || given === null) throw badUsage(`${where} takes ${Array.isArray(shape) ? "an array" : "an object"}, not ${String(given)}`);
  if (Array.isArray(shape)) {
    if (!Array.isArray(given) || given.length > shape.length) throw badUsage(`${where} takes an array of at most ${shape.length}`);
    return given.forEach((value, i) => value !== undefined && decompose(shape[i], value, `${where}[${i}]`, take));
  }
  for (const [name, value] of Object.entries(given)) {
    if (value === undefined) continue;
    const each = shape.get(name);
    if (each === undefined) throw badUsage(`${where} has no field '${name}'; it has ${[...shape.keys()].join(", ")}`);
    decompose(each, value, `${where}.${name}`, take);
  }
}
