// A quaternion in the context of those before it: PROTOCOL.md, "Codec packed", Values.
import { RangeDecoder } from "./coder.js";
import { decodeBit } from "./model.js";
import { CommonModel, History, LaneModel, Turn, decodeValue } from "./value.js";
import { stepOfLargest } from "../state/quat.js";

const size = (x: number) => (x < 0 ? -x : x);
const historyOf = (h: number, lane: number) => h + lane * History.numbers;

// Which is the largest, after the one that was: mostly the same, else mostly the next largest.
function decodeLargest(coder: RangeDecoder, model: LaneModel, histories: Int32Array, h: number, last: Int32Array, at: number): number {
  const before = last[at];
  const going = (i: number) => size((last[at + 1 + i] + histories[historyOf(h, 1 + i) + History.delta]) | 0);
  let next = before === 0 ? 1 : 0;
  for (let i = next + 1; i < 4; ++i) if (i !== before && going(i) > going(next)) next = i;
  const ahead = Math.max(0, going(before) - going(next));
  if (decodeBit(coder, model.exact, Math.min(32 - Math.clz32(ahead), 15)) === 1) return before;
  if (decodeBit(coder, model.sign, 0) === 1) return next;
  const second = decodeBit(coder, model.sign, 1) === 1;
  let rest = 0;
  while (rest === before || rest === next) ++rest;
  if (second) do ++rest; while (rest === before || rest === next);
  return rest;
}

// All signs the other way: the same turn.
function turnOver(histories: Int32Array, h: number, last: Int32Array, at: number): void {
  for (let i = 1; i < 5; ++i) {
    const history = historyOf(h, i);
    last[at + i] = -last[at + i];
    histories[history + History.delta] = -histories[history + History.delta];
    histories[history + History.before] = -histories[history + History.before];
    histories[history + History.sign] = 2 - histories[history + History.sign];
  }
}

// What each of the four will do while the turning goes on as it is: its way is an arc, no line.
function bendOn(histories: Int32Array, h: number, last: Int32Array, at: number): void {
  let squares = 0;
  let moved = 0;
  for (let i = 1; i < 5; ++i) {
    const delta = histories[historyOf(h, i) + History.delta];
    squares += last[at + i] * last[at + i];
    moved += delta * delta;
  }
  if (moved >= squares) return;
  for (let i = 1; i < 5; ++i) {
    const by = -Math.floor((last[at + i] * moved) / squares + 0.5);
    histories[historyOf(h, i) + History.delta] += by;
    histories[historyOf(h, i) + History.before] += by;
  }
}

/** The quaternion's five lanes after those at `last[at]`, into them. `h`: where their histories begin. */
export function decodeQuat(
  coder: RangeDecoder, common: CommonModel, precision: number, models: readonly LaneModel[], lane: number,
  histories: Int32Array, h: number, turn: Turn, last: Int32Array, at: number,
): void {
  const largest = decodeLargest(coder, models[lane], histories, h, last, at);
  const free = 1 + largest; // the lane that follows from the others
  if (last[at + free] < 0) turnOver(histories, h, last, at);
  bendOn(histories, h, last, at);
  last[at] = largest;
  for (let i = 1; i < 5; ++i)
    if (i !== free) last[at + i] = decodeValue(coder, common, models[lane + i], histories, historyOf(h, i), turn, last[at + i]);
  const follows = stepOfLargest(precision, last, at + 1, largest);
  const history = historyOf(h, free);
  histories[history + History.before] = histories[history + History.delta];
  histories[history + History.delta] = follows - last[at + free];
  last[at + free] = follows;
  let most = 0;
  for (let i = 1; i < 5; ++i) most = Math.max(most, size(histories[historyOf(h, i) + History.delta]));
  histories[h + History.delta] = Math.min(most, 0x7fffffff);
}
