// What both ends of a stream hold: every value as of the last frame, in the same order, and what was learned since the last
// key tick. PROTOCOL.md, "Codec packed".
import { Lanes } from "./lanes.js";
import { Bits, forgetBits, makeBits, makeWeights, numberBits } from "./model.js";
import { Rows } from "./rows.js";
import { CommonModel, History, LaneModel, forgetHistories } from "./value.js";

const spawnsKept = 8;

/** Models of a component's parts and lanes, one set. */
export class PartModels {
  readonly flags: Bits[];
  readonly lanes: LaneModel[];

  constructor(lanes: Lanes) {
    this.flags = lanes.parts.map(() => makeBits(64));
    this.lanes = Array.from({ length: lanes.count }, () => new LaneModel());
  }

  forget(): void {
    this.flags.forEach(forgetBits);
    for (const lane of this.lanes) lane.forget();
  }
}

/** What was learned of a component. */
export class ComponentModel {
  /** One bit each. */
  readonly anyChanged = makeBits(1);
  readonly anyAdded = makeBits(1);
  readonly gap = makeBits(32);
  readonly present = makeBits(2);
  readonly woken = makeBits(numberBits);
  readonly wakeGap = makeBits(numberBits);
  readonly added = makeBits(numberBits);
  readonly addedGap = makeBits(numberBits);
  readonly length = makeBits(numberBits);
  readonly same = makeBits(2);
  readonly byte = makeBits(256);
  readonly own: PartModels;

  /** For values that come without those before them: each after the one of the entity listed before. */
  readonly fresh: PartModels;
  readonly freshHistories: Int32Array;
  readonly freshLast: Int32Array;
  lastOpaque = new Uint8Array(0);

  constructor(lanes: Lanes) {
    this.own = new PartModels(lanes);
    this.fresh = new PartModels(lanes);
    this.freshHistories = new Int32Array(lanes.count * History.numbers);
    forgetHistories(this.freshHistories, 0, this.freshHistories.length);
    this.freshLast = new Int32Array(lanes.count);
  }

  forget(): void {
    for (const bits of [this.anyChanged, this.anyAdded, this.gap, this.present, this.woken, this.wakeGap, this.added, this.addedGap])
      forgetBits(bits);
    for (const bits of [this.length, this.same, this.byte]) forgetBits(bits);
    this.own.forget();
    this.fresh.forget();
    forgetHistories(this.freshHistories, 0, this.freshHistories.length);
    this.freshLast.fill(0);
    this.lastOpaque = new Uint8Array(0);
  }
}

export class RoomModel {
  readonly common = new CommonModel();
  readonly changed = makeBits(512); // entities
  readonly flag = makeBits(256); // fields
  readonly changedWeights = makeWeights(1);
  readonly flagWeights = makeWeights(1);
  readonly anyRemoved = makeBits(1);
  readonly anySpawned = makeBits(1);
  readonly removed = makeBits(numberBits);
  readonly removedGap = makeBits(numberBits);
  readonly spawned = makeBits(numberBits);
  readonly spawnBlock = makeBits(numberBits);
  readonly spawnGap = makeBits(numberBits);
  readonly spawnId = makeBits(numberBits);

  forget(): void {
    this.common.forget();
    for (const bits of [this.changed, this.flag, this.anyRemoved, this.anySpawned, this.removed, this.removedGap]) forgetBits(bits);
    for (const bits of [this.spawned, this.spawnBlock, this.spawnGap, this.spawnId]) forgetBits(bits);
    this.changedWeights.fill(4300);
    this.flagWeights.fill(4300);
  }
}

// Spreads the bits of a value and of where it stands.
function mixed(id: number, place: number, value: number): number {
  let x = Math.imul(id, 0x9e3779b1) ^ Math.imul(place, 0x85ebca77);
  x = Math.imul(x ^ (x >>> 15), 0x2c1b3c6d) ^ Math.imul(value, 0xc2b2ae3d);
  x = Math.imul(x ^ (x >>> 13), 0x297a2d39);
  return x ^ (x >>> 16);
}

export class Context {
  readonly rows: Rows[];
  /** The last entities that came, newest first. */
  readonly spawns: number[] = new Array<number>(spawnsKept).fill(0);

  private common: RoomModel | undefined;
  private readonly models: ComponentModel[] = [];
  private readonly used: boolean[]; // since the last key tick

  constructor(readonly lanes: readonly Lanes[]) {
    this.rows = lanes.map((each) => new Rows(each));
    this.used = lanes.map(() => false);
  }

  /** Made at its first use: a chunk of which only whole frames come needs none. */
  get room(): RoomModel {
    return (this.common ??= new RoomModel());
  }

  /** Made at its first use, emptied at its first use after a key tick. */
  model(component: number): ComponentModel {
    let model = this.models[component];
    if (model === undefined) model = this.models[component] = new ComponentModel(this.lanes[component]);
    else if (!this.used[component]) model.forget();
    this.used[component] = true;
    return model;
  }

  remove(id: number): void {
    for (const rows of this.rows) {
      const row = rows.find(id);
      if (row >= 0) rows.remove(row);
    }
  }

  /** Forgets what was learned: what every frame that ends at a key tick does, on both sides. */
  settle(): void {
    this.forget();
    for (const rows of this.rows) rows.settle();
  }

  /** Forgets everything. */
  clear(): void {
    this.forget();
    for (const rows of this.rows) rows.clear();
  }

  /** A short number over every value there is; never 0. */
  hash(): number {
    let sum = 0;
    this.rows.forEach((rows, c) => {
      for (let row = 0; row < rows.size; ++row) {
        const id = rows.ids[row];
        for (let lane = 0; lane < rows.lanes; ++lane)
          sum = (sum + mixed(id, (c << 16) | lane, rows.values[row * rows.lanes + lane])) | 0;
        if (rows.lanes !== 0) continue;
        let bytes = 0x811c9dc5;
        for (const byte of rows.opaque[row]) bytes = Math.imul(bytes ^ byte, 0x01000193);
        sum = (sum + mixed(id, c << 16, bytes)) | 0;
      }
    });
    return sum === 0 ? 1 : sum >>> 0;
  }

  private forget(): void {
    this.common?.forget();
    this.used.fill(false);
    this.spawns.fill(0);
  }
}
