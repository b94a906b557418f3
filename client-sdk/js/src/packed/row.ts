// What entities' values have in common on the wire, whichever frame they come in. PROTOCOL.md, "Codec packed".
import { RangeDecoder } from "./coder.js";
import { ComponentModel, Context, PartModels, RoomModel } from "./context.js";
import { Lanes, Part } from "./lanes.js";
import { decodeBit, decodeMixed, decodeNumber } from "./model.js";
import { Rows } from "./rows.js";
import { decodeQuat } from "./quat.js";
import { CommonModel, History, LaneModel, Turn, decodeValue } from "./value.js";

const turn = new Turn();
const small = (delta: number) => Math.min(32 - Math.clz32(delta < 0 ? -delta : delta), 7);

function decodePart(
  coder: RangeDecoder, common: CommonModel, part: Part, models: readonly LaneModel[], histories: Int32Array, h: number, last: Int32Array, at: number,
): void {
  if (part.quat) {
    decodeQuat(coder, common, part.precision, models, part.lane, histories, h + part.lane * History.numbers, turn, last, at + part.lane);
    return;
  }
  for (let lane = part.lane; lane < part.lane + part.lanes; ++lane) {
    const value = decodeValue(coder, common, models[lane], histories, h + lane * History.numbers, turn, last[at + lane]);
    last[at + lane] = part.turn === 0 ? value : value - part.turn * Math.floor(value / part.turn);
  }
}

/**
 * Which parts changed (1 in `told`, never none), and their values after those at `values[at]`. `own`: those are the
 * entity's, so a changed one differs.
 */
export function decodeParts(
  coder: RangeDecoder, room: RoomModel, models: PartModels, lanes: Lanes,
  histories: Int32Array, h: number, values: Int32Array, at: number, told: Uint8Array, own: boolean,
): void {
  turn.begin();
  const parts = lanes.parts.length;
  let before = 1;
  let before2 = 1;
  let count = 0;
  for (let p = 0; p < parts; ++p) {
    const part = lanes.parts[p];
    const history = h + part.lane * History.numbers;
    let changed = 1;
    if (p + 1 !== parts || count !== 0) {
      const turns = histories[history + History.changed] & 7;
      const delta = small(histories[history + History.delta]);
      changed = decodeMixed(
        coder, room.flagWeights, 0, room.flag, (turns * 8 + delta) * 4 + before * 2 + before2,
        models.flags[p], delta * 8 + Math.min(count, 3) * 2 + (turns & 1),
      );
    }
    histories[history + History.changed] = ((histories[history + History.changed] << 1) | changed) & 0xff;
    before2 = before;
    before = changed;
    told[p] = changed;
    if (changed === 0) continue;
    ++count;
    if (own && part.boolean) values[at + part.lane] = values[at + part.lane] === 0 ? 1 : 0;
    else decodePart(coder, room.common, part, models.lanes, histories, h, values, at);
  }
}

/** Every part's value (or some, with flags), after those of the entity decoded before. */
export function decodeFresh(
  coder: RangeDecoder, room: RoomModel, model: ComponentModel, lanes: Lanes, all: boolean,
  values: Int32Array, at: number, told: Uint8Array,
): void {
  const last = model.freshLast;
  if (!all) {
    decodeParts(coder, room, model.fresh, lanes, model.freshHistories, 0, last, 0, told, false);
  } else {
    turn.begin();
    told.fill(1, 0, lanes.parts.length);
    for (const part of lanes.parts) decodePart(coder, room.common, part, model.fresh.lanes, model.freshHistories, 0, last, 0);
  }
  lanes.parts.forEach((part, p) => {
    if (told[p] === 1) for (let lane = part.lane; lane < part.lane + part.lanes; ++lane) values[at + lane] = last[lane];
  });
}

/** An opaque value after the one decoded before it; undefined: longer than `most`. */
export function decodeOpaque(coder: RangeDecoder, model: ComponentModel, most: number): Uint8Array | undefined {
  const length = decodeNumber(coder, model.length);
  if (length > most) return undefined;
  const before = model.lastOpaque;
  const value = new Uint8Array(length);
  let matched = 1;
  for (let i = 0; i < length; ++i) {
    if (i < before.length) {
      matched = decodeBit(coder, model.same, matched);
      if (matched === 1) {
        value[i] = before[i];
        continue;
      }
    }
    let node = 1;
    for (let bit = 0; bit < 8; ++bit) node = (node << 1) | decodeBit(coder, model.byte, node);
    value[i] = node;
  }
  model.lastOpaque = value;
  return value;
}

/** The id of a new entity: mostly one above one of those before. */
export function decodeId(coder: RangeDecoder, context: Context): number {
  const { room, spawns } = context;
  const block = decodeNumber(coder, room.spawnBlock);
  const known = block < spawns.length;
  const id = known ? (spawns[block] + 1 + decodeNumber(coder, room.spawnGap)) >>> 0 : decodeNumber(coder, room.spawnId);
  spawns.copyWithin(1, 0, known ? block : spawns.length - 1);
  spawns[0] = id;
  return id;
}

/** Whether an entity that changed of late did so now. */
export function decodeChanged(coder: RangeDecoder, room: RoomModel, model: ComponentModel, rows: Rows, slot: number, before: number): number {
  const turns = rows.turns[slot];
  const gap = turns === 0 ? 15 : Math.min(31 - Math.clz32(turns & -turns), 15);
  const changed = decodeMixed(
    coder, room.changedWeights, 0, room.changed, (turns & 0xff) * 2 + before, model.gap, gap * 2 + before,
  );
  rows.turns[slot] = (turns << 1) | changed;
  return changed;
}
