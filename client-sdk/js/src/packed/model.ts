// What adaptive bits have learned. Many of them are one array: of each its probability of a 1 (of 32768), then how often it
// was asked.
import { RangeDecoder } from "./coder.js";
import { countMax, logitMax, rates, squashTable, stretchTable } from "./tables.js";

export type Bits = Int16Array;

const freshCount = 3072;
const fresh = new Int16Array(freshCount * 2);
for (let i = 0; i < freshCount; ++i) fresh[2 * i] = 16384;

export function forgetBits(bits: Bits): void {
  bits.set(fresh.subarray(0, bits.length));
}

export function makeBits(count: number): Bits {
  const bits = new Int16Array(count * 2);
  forgetBits(bits);
  return bits;
}

/** Pairs of weights, of 8192. */
export function makeWeights(pairs: number): Int32Array {
  return new Int32Array(pairs * 2).fill(4300);
}

function learn(bits: Bits, i: number, target: number): void {
  const p = bits[i];
  const count = bits[i + 1];
  bits[i] = p + (((target - p) * rates[count]) >> 16);
  if (count < countMax) bits[i + 1] = count + 1;
}

export function decodeBit(coder: RangeDecoder, bits: Bits, index: number): number {
  const i = index << 1;
  const p = bits[i] << 1;
  const bit = coder.bit(p < 32 ? 32 : p > 65504 ? 65504 : p);
  learn(bits, i, bit === 1 ? 32767 : 0);
  return bit;
}

const clampWeight = (w: number) => (w < -32768 ? -32768 : w > 32767 ? 32767 : w);

/** One bit in two contexts at once; `pair`: which of the weights. */
export function decodeMixed(
  coder: RangeDecoder, weights: Int32Array, pair: number, first: Bits, index1: number, second: Bits, index2: number,
): number {
  const i = index1 << 1;
  const j = index2 << 1;
  const w = pair << 1;
  const x = stretchTable[first[i] >> 3];
  const y = stretchTable[second[j] >> 3];
  const sum = (weights[w] * x + weights[w + 1] * y) >> 13;
  const p = squashTable[(sum < -logitMax ? -logitMax : sum > logitMax ? logitMax : sum) + 2048];
  const bit = coder.bit(p);
  const target = bit === 1 ? 32767 : 0;
  const error = target - (p >> 1);
  weights[w] = clampWeight(weights[w] + ((x * error + 0x8000) >> 16));
  weights[w + 1] = clampWeight(weights[w + 1] + ((y * error + 0x8000) >> 16));
  learn(first, i, target);
  learn(second, j, target);
  return bit;
}

/** Bits of a number model: by length. */
export const numberBits = 32;

/** An unsigned 32-bit number. */
export function decodeNumber(coder: RangeDecoder, bits: Bits): number {
  let length = 0;
  while (length < numberBits && decodeBit(coder, bits, length) === 1) ++length;
  if (length < 2) return length;
  return ((1 << (length - 1)) | coder.raw(length - 1)) >>> 0;
}
