// Bytes that no relay made: a PackedError, or a state that could be, in bounded time and memory.
import assert from "node:assert/strict";
import { test } from "node:test";
import { PackedError, PackedFrame } from "../src/packed/index.js";
import { chanceOf } from "./chance.js";
import { Copy, Scene, frameOf, goldenPath, readScenes } from "./copy.js";

const limits = { entities: 64, opaqueBytes: 200, lanes: 20_000, opaqueBytesAll: 5_000 };

function applied(copy: Copy, frame: PackedFrame): boolean {
  try {
    return copy.apply(frame);
  } catch (error) {
    assert.ok(error instanceof PackedError, String(error));
    return false;
  }
}

function expectPossible(copy: Copy, toldBefore: number): void {
  assert.ok(copy.told - toldBefore <= limits.lanes + limits.opaqueBytesAll + limits.entities * copy.lanes.length);
  copy.state.forEach((rows, component) => {
    assert.ok(rows.size <= limits.entities);
    if (copy.lanes[component].opaque) for (const value of rows.values()) assert.ok(value.length <= limits.opaqueBytes);
  });
}

type Streamed = Scene & { streamed: PackedFrame[] };
const scenes: Streamed[] = readScenes(goldenPath("packed.json")).map((scene) => {
  return { ...scene, streamed: scene.frames.filter((frame) => frame.to.includes(0)).slice(0, 30).map(frameOf) };
});
const original = (scene: Streamed, i: number) => scene.streamed[i].packed ?? new Uint8Array(0);

// A copy as it was before frame `until` of the stream, which then gets `bytes` instead, and some frames that follow.
function feed(scene: Streamed, until: number, bytes: Uint8Array): void {
  const copy = new Copy(scene, limits);
  for (let i = 0; i < until + 4; ++i) {
    const frame = scene.streamed[i];
    const before = copy.told;
    const good = applied(copy, i === until ? { ...frame, hash: 0, packed: bytes } : frame);
    expectPossible(copy, before);
    if (i < until) assert.ok(good);
    else if (!good) return;
  }
}

test("a frame cut at any length", () => {
  for (const scene of scenes)
    for (let i = 0; i < 12; ++i) for (let length = 0; length < original(scene, i).length; ++length) feed(scene, i, original(scene, i).slice(0, length));
});

test("flipped bits", () => {
  const chance = chanceOf(1);
  for (const scene of scenes)
    for (let n = 0; n < 400; ++n) {
      const i = chance(20);
      const bytes = original(scene, i).slice();
      for (let flips = 1 + chance(4); flips > 0 && bytes.length > 0; --flips) bytes[chance(bytes.length)] ^= 1 << chance(8);
      feed(scene, i, bytes);
    }
});

test("random bytes", () => {
  const chance = chanceOf(2);
  for (const scene of scenes)
    for (let n = 0; n < 400; ++n) {
      const fill = chance(3);
      const bytes = Uint8Array.from({ length: chance(400) }, () => (fill === 0 ? 0xff : fill === 1 && chance(4) !== 0 ? 0 : chance(256)));
      feed(scene, chance(20), bytes);
    }
});

test("absolute frames of random bytes, with the limits of a real room", () => {
  const chance = chanceOf(3);
  for (const scene of scenes)
    for (const kind of ["catch_up", "whole"] as const)
      for (let n = 0; n < 25; ++n) {
        const copy = new Copy(scene);
        const bytes = Uint8Array.from({ length: 64 }, () => (n % 2 === 0 ? 5 * n : chance(256)));
        applied(copy, { kind, keyTick: true, hash: 0, packed: bytes });
        for (const rows of copy.state) assert.ok(rows.size <= 16384);
      }
});
