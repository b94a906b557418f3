// One 32-bit value after those before it: PROTOCOL.md, "Codec packed", Values.
import { RangeDecoder } from "./coder.js";
import { Bits, decodeBit, decodeMixed, forgetBits, makeBits, makeWeights } from "./model.js";

/** What is known of one lane of one entity: so many numbers in an Int32Array, at these places. */
export const enum History { delta, before, size, sign, changed, cost, numbers = 9 }

export function forgetHistories(histories: Int32Array, from: number, to: number): void {
  histories.fill(0, from, to);
  for (let at = from + History.sign; at < to; at += History.numbers) histories[at] = 1;
}

/** What is known of one lane of all entities. */
export class LaneModel {
  readonly cost = new Int32Array(4);
  readonly exact: Bits = makeBits(16);
  readonly sign: Bits = makeBits(9);
  readonly length: Bits = makeBits(240);

  forget(): void {
    this.cost.fill(0);
    forgetBits(this.exact);
    forgetBits(this.sign);
    forgetBits(this.length);
  }
}

/** What every lane of a room shares. */
export class CommonModel {
  readonly exact: Bits = makeBits(192);
  readonly sign: Bits = makeBits(108);
  readonly length: Bits = makeBits(3072);
  readonly top: Bits = makeBits(16);
  readonly exactWeights = makeWeights(1);
  readonly signWeights = makeWeights(1);
  readonly lengthWeights = makeWeights(3);

  forget(): void {
    for (const bits of [this.exact, this.sign, this.length, this.top]) forgetBits(bits);
    for (const weights of [this.exactWeights, this.signWeights, this.lengthWeights]) weights.fill(4300);
  }
}

/** What the values of one entity in one frame tell about the next ones. */
export class Turn {
  surprise = 3;
  moved = 0;
  before = 0; // 0: not known

  begin(): void {
    this.surprise = 3;
    this.moved = 0;
    this.before = 0;
  }
}

const magnitude = (x: number) => (x < 0 ? -x : x); // up to 2^31
const bitLength = (x: number) => 32 - Math.clz32(x);
const clamp = (x: number, low: number, high: number) => (x < low ? low : x > high ? high : x);

// Below 2^43: the quotient of doubles, truncated, is the integers' own.
function scaled(turn: Turn, delta: number): number {
  if (turn.before === 0 || magnitude(delta) > 1 << 20) return delta;
  return Math.trunc((delta * turn.moved) / turn.before) | 0;
}

const predicted = new Int32Array(4);

// Fills `predicted`; returns the number of the cheapest.
function predict(model: LaneModel, histories: Int32Array, h: number, turn: Turn, last: number): number {
  const d = histories[h + History.delta];
  predicted[0] = last + d;
  predicted[1] = last;
  predicted[2] = last + (2 * d - histories[h + History.before]);
  predicted[3] = last + scaled(turn, d);
  let best = 0;
  let least = Infinity;
  for (let i = 0; i < 4; ++i) {
    const cost = model.cost[i] + histories[h + History.cost + i];
    if (cost >= least) continue;
    least = cost;
    best = i;
  }
  return best;
}

// The cheapest that says something else.
function otherThan(best: number, model: LaneModel, histories: Int32Array, h: number): number {
  const value = predicted[best];
  let other = value;
  let least = Infinity;
  for (let i = 0; i < 4; ++i) {
    const cost = model.cost[i] + histories[h + History.cost + i];
    if (predicted[i] === value || cost >= least) continue;
    least = cost;
    other = predicted[i];
  }
  return other;
}

function learnCosts(model: LaneModel, histories: Int32Array, h: number, value: number): void {
  for (let i = 0; i < 4; ++i) {
    const miss = bitLength(magnitude((value - predicted[i]) | 0)) << 8;
    const at = h + History.cost + i;
    model.cost[i] += (miss - model.cost[i]) >> 3;
    histories[at] += (miss - histories[at]) >> 2;
  }
}

// The bit length of |miss| - 1: first whether it reaches the usual one, then step by step away from there.
function decodeLength(
  coder: RangeDecoder, common: CommonModel, model: LaneModel, level: number, surprise: number, spread: number,
): number {
  const reaches = (length: number, way: number) =>
    decodeMixed(
      coder, common.lengthWeights, way,
      common.length, ((way * 8 + Math.min(level, 7)) * 8 + surprise) * 16 + clamp(length - level + 8, 0, 15),
      model.length, spread * 20 + Math.min(length, 19),
    ) === 1;
  let length = Math.max(level, 1);
  if (reaches(length, 0)) {
    while (length < 31 && reaches(length + 1, 1)) ++length;
    return length;
  }
  --length;
  while (length > 0 && !reaches(length, 2)) --length;
  return length;
}

// The distance of a value from its best prediction.
function decodeMiss(
  coder: RangeDecoder, common: CommonModel, model: LaneModel, level: number, surprise: number, lastSign: number, apart: number,
): number {
  const level15 = Math.min(level, 15);
  const spread = Math.min(bitLength(magnitude(apart)), 11);
  if (decodeMixed(coder, common.exactWeights, 0, common.exact, level15 * 12 + spread, model.exact, level15) === 1) return 0;

  const signs = lastSign * 3 + (apart === 0 ? 1 : apart > 0 ? 2 : 0);
  const below = decodeMixed(coder, common.signWeights, 0, common.sign, signs * 12 + spread, model.sign, signs);
  const length = decodeLength(coder, common, model, level, surprise, spread);
  let rest = length === 0 ? 0 : 1;
  if (length >= 2) {
    rest = 2 | decodeBit(coder, common.top, clamp(length - level + 8, 0, 15));
    if (length > 2) rest = (rest << (length - 2)) | coder.raw(length - 2);
  }
  const distance = (rest + 1) | 0;
  return below === 1 ? -distance | 0 : distance;
}

/** The lane's new value after `last`. `h`: where its history begins. */
export function decodeValue(
  coder: RangeDecoder, common: CommonModel, model: LaneModel, histories: Int32Array, h: number, turn: Turn, last: number,
): number {
  const best = predict(model, histories, h, turn, last);
  const level = bitLength(histories[h + History.size] >>> 2);
  const apart = (otherThan(best, model, histories, h) - predicted[best]) | 0;
  const miss = decodeMiss(coder, common, model, level, turn.surprise, histories[h + History.sign], apart);
  const value = (predicted[best] + miss) | 0;
  learnCosts(model, histories, h, value);

  const size = magnitude(miss);
  const excess = clamp(bitLength(size) - level, -3, 4);
  const usual = turn.surprise === 3 ? 2 : 3;
  turn.surprise = clamp(3 + Math.trunc((turn.surprise - 3 + 2 * excess) / usual), 0, 7);
  const delta = (value - last) | 0;
  const before = histories[h + History.delta];
  const stride = magnitude(before);
  if (turn.before === 0 && stride >= 16 && stride <= 1 << 20 && magnitude(delta) <= 8 * stride) {
    turn.moved = delta;
    turn.before = before;
  }
  histories[h + History.size] += Math.min(size, 1 << 24) - (histories[h + History.size] >>> 2);
  histories[h + History.sign] = miss === 0 ? 1 : miss < 0 ? 0 : 2;
  histories[h + History.before] = before;
  histories[h + History.delta] = delta;
  return value;
}
