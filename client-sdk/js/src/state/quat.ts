// Unit quaternions as smallest three: PROTOCOL.md, "Quaternions". JavaScript's numbers are the doubles that page asks for.

/** x y z w. */
export type Quat = readonly [number, number, number, number];

const largestMin = 0.25; // of a quantised value
const nearestStep = (x: number, precision: number) => Math.floor(x / precision + 0.5);

/** What is left to length 1. `steps[at + i]` of each but the largest. */
export function largestAt(precision: number, steps: ArrayLike<number>, at: number, largest: number): number {
  let squares = 0;
  for (let i = 0; i < 4; ++i) {
    if (i === largest) continue;
    const x = steps[at + i] * precision;
    squares += x * x;
  }
  return Math.sqrt(Math.max(0, 1 - squares));
}

/** The largest one's step, from those of the other three. */
export function stepOfLargest(precision: number, steps: ArrayLike<number>, at: number, largest: number): number {
  return nearestStep(largestAt(precision, steps, at, largest), precision);
}

/** One of the four numbers, as a float32 holds it. */
export function quatField(precision: number, steps: ArrayLike<number>, at: number, largest: number, i: number): number {
  return Math.fround(i === largest ? largestAt(precision, steps, at, largest) : steps[at + i] * precision);
}

function quatAt(precision: number, steps: readonly number[], largest: number): Quat {
  const field = (i: number) => quatField(precision, steps, 0, largest, i);
  return [field(0), field(1), field(2), field(3)];
}

function liesOnSteps(precision: number, value: Quat, largest: number): boolean {
  if (value[largest] < largestMin) return false;
  const made = quatAt(precision, value.map((x) => nearestStep(x, precision)), largest);
  return made.every((x, i) => Object.is(x, value[i]));
}

/** What the relay makes of a quaternion; undefined where it refuses it (NaN, infinity). */
export function quantiseQuat(precision: number, given: Quat): Quat | undefined {
  const value: Quat = [Math.fround(given[0]), Math.fround(given[1]), Math.fround(given[2]), Math.fround(given[3])];
  if (!value.every(Number.isFinite)) return undefined;
  let largest = 0;
  for (let i = 1; i < 4; ++i) if (Math.abs(value[i]) > Math.abs(value[largest])) largest = i;
  if ([largest, 0, 1, 2, 3].some((i) => liesOnSteps(precision, value, i))) return value;
  const length = Math.sqrt(value[0] * value[0] + value[1] * value[1] + value[2] * value[2] + value[3] * value[3]);
  if (length === 0) return [0, 0, 0, 1];
  const sign = value[largest] < 0 ? -1 : 1;
  return quatAt(precision, value.map((x) => nearestStep((sign * x) / length, precision)), largest);
}
