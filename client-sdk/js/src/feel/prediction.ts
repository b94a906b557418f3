// Own entities ahead of the relay: its newest value, with the inputs on top that it has not taken up (design rules 5 and 12). Where
// the two disagree, what is shown glides to what is right.
import { throwLater } from "../errors.js";
import { Component, Stored } from "../state/component.js";
import { Mirror } from "../state/mirror.js";
import { compose, decompose } from "../state/shape.js";
import { Draft } from "../types.js";
import { along, between } from "./blend.js";

const inputsMax = 256;

/** What an input does to a value: changes it, or returns another. It depends on nothing else. */
export type Step<Value> = (value: Draft<Value>, input: Uint8Array) => Value | Draft<Value> | void;

export interface PredictOptions {
  /** Seconds until a correction has all but faded; 0: it jumps. Default 0.1. */
  smoothS?: number;
  /** A correction farther than this, over all floats together, jumps. Default 0: none does. */
  snapBeyond?: number;
}

interface Predicted {
  component: Component;
  readonly entity: number;
  readonly step: Step<unknown>;
  readonly smoothUs: number;
  readonly snapBeyond: number;
  values: Stored[] | undefined; // newest; undefined: it is not there
  error: readonly number[]; // what was shown less that, at errorUs
  errorUs: number;
}

export class Prediction {
  private list: Predicted[] = [];
  private inputs: { seq: number; data: Uint8Array }[] = []; // that the relay's values do not hold

  constructor(private readonly mirror: Mirror) {}

  /** It may come later. */
  add(component: Component, entity: number, step: Step<unknown>, { smoothS = 0.1, snapBeyond = 0 }: PredictOptions): void {
    this.remove(component.index, entity);
    this.list.push({ component, entity, step, smoothUs: smoothS * 1e6, snapBeyond: snapBeyond || Infinity, values: undefined, error: [], errorUs: 0 });
  }

  remove(component: number, entity: number): void {
    this.list = this.list.filter((each) => each.component.index !== component || each.entity !== entity);
  }

  /** Another layout: the same names, where it has them. */
  attach(): void {
    this.inputs = [];
    this.list = this.list.filter((each) => {
      const component = this.mirror.layout?.find(each.component.name);
      if (component?.opaque !== false) return false;
      each.component = component;
      each.values = undefined;
      return true;
    });
  }

  input(seq: number, data: Uint8Array): void {
    if (this.list.length === 0) return;
    this.inputs.push({ seq, data });
    if (this.inputs.length > inputsMax) this.inputs.shift();
    for (const each of this.list) if (this.truth(each) !== undefined) each.values = stepped(each, each.values as Stored[], [{ data }]);
  }

  /** The relay's values in the Mirror hold the actions up to appliedSeq, and no later ones. */
  confirmed(appliedSeq: number, nowUs: number): void {
    this.inputs = this.inputs.filter(({ seq }) => seq > appliedSeq);
    for (const each of this.list) {
      const truth = this.truth(each);
      if (truth === undefined) continue;
      const shown = glided(each, nowUs) as Stored[];
      each.values = stepped(each, truth, this.inputs);
      each.error = between(each.component, each.values, shown);
      each.errorUs = nowUs;
      if (Math.hypot(...each.error) > each.snapBeyond) each.error = each.error.map(() => 0);
    }
  }

  /** After a lost connection: what was sent and not applied never comes again. */
  forgetBetween(appliedSeq: number, firstUnsent: number): void {
    this.inputs = this.inputs.filter(({ seq }) => seq <= appliedSeq || seq >= firstUnsent);
  }

  /** Every input is in the relay's values. */
  get settled(): boolean {
    return this.inputs.length === 0;
  }

  /** undefined: not predicted, or gone. smooth: as it is to be shown. */
  at(component: number, entity: number, smooth: boolean, nowUs: number): readonly Stored[] | undefined {
    const found = this.list.find((each) => each.component.index === component && each.entity === entity);
    if (found === undefined || this.truth(found) === undefined) return undefined;
    return smooth ? glided(found, nowUs) : found.values;
  }

  // The relay's values, from where a prediction begins; undefined: it is not there.
  private truth(predicted: Predicted): readonly Stored[] | undefined {
    const truth = this.mirror.row(predicted.component.index, predicted.entity)?.values;
    if (truth === undefined) predicted.values = undefined;
    else if (predicted.values === undefined) Object.assign(predicted, { values: truth.slice(), error: between(predicted.component, truth, truth) });
    return truth;
  }
}

function stepped({ component, step }: Predicted, from: readonly Stored[], inputs: readonly { data: Uint8Array }[]): Stored[] {
  const made = from.slice();
  try {
    let value: unknown = compose(component.form, from, (each) => each);
    for (const { data } of inputs) value = step(value, data) ?? value;
    decompose(component.form, value, `predict: '${component.name}'`, (f, each) => (made[f] = each));
  } catch (error) {
    throwLater(error);
    return from.slice();
  }
  return made;
}

function glided({ component, values, error, errorUs, smoothUs }: Predicted, nowUs: number): Stored[] | undefined {
  return values && along(component, values, error, smoothUs > 0 ? Math.exp((-3 * (nowUs - errorUs)) / smoothUs) : 0);
}
