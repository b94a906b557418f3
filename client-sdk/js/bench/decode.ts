// What a tick of packed frames costs to decode, alone and into a client's copy: node decode.js FRAMES.json [ROUNDS].
// bench/packed makes such files.
import { Changed, PackedFrame } from "../src/packed/index.js";
import { Component } from "../src/state/component.js";
import { Layout } from "../src/state/layout.js";
import { Mirror } from "../src/state/mirror.js";
import { PackedPayloads, scratchOf } from "../src/state/packed.js";
import { Payload, noColumns } from "../src/state/payload.js";
import { Copy, Scene, frameOf, readScenes } from "../test/copy.js";

const [path, rounds] = process.argv.slice(2);
const nobody: Changed = { removed() {}, keepOnly() {}, put() {}, putOpaque() {} };

function decoding(scene: Scene): (frame: PackedFrame) => boolean {
  const { decoder } = new Copy(scene);
  return (frame) => decoder.apply(frame, nobody);
}

function mirroring(scene: Scene): (frame: PackedFrame) => boolean {
  const components = scene.layout.map(({ name, fields }, index) => new Component(index, name, fields.map((field, f) => ({ ...field, name: `f${f}`, offset: 0 }))));
  const layout = new Layout(components, 0n);
  const mirror = new Mirror();
  mirror.reset(layout);
  const payloads = new PackedPayloads(scratchOf(layout));
  return (frame) => {
    const sum = frame.keyTick ? [0, 8, 16, 24].map((shift) => (frame.hash >>> shift) & 255) : [];
    const packed = frame.packed === null && sum.length === 0 ? undefined : Uint8Array.from([...sum, ...(frame.packed ?? [])]);
    const payload: Payload = { ...noColumns, kind: frame.kind, keyTick: frame.keyTick, whole: frame.kind === "whole", packed };
    return payloads.apply(payload, mirror);
  };
}

function measure(frames: PackedFrame[], apply: (frame: PackedFrame) => boolean): number {
  const each = (part: PackedFrame[]) => {
    for (const frame of part) if (!apply(frame)) throw new Error("a key tick has another hash");
  };
  const half = Math.floor(frames.length / 2);
  each(frames.slice(0, half)); // warm
  const from = process.hrtime.bigint();
  each(frames.slice(half));
  return Number(process.hrtime.bigint() - from) / 1000 / (frames.length - half);
}

for (const scene of readScenes(path)) {
  const frames = scene.frames.filter((frame) => frame.to.includes(0)).map(frameOf);
  for (let round = 1; round <= Number(rounds ?? 3); ++round) {
    const [alone, into] = [measure(frames, decoding(scene)), measure(frames, mirroring(scene))];
    console.log(`${scene.name}, round ${round}: ${alone.toFixed(1)} us a tick, into a client's copy ${into.toFixed(1)}`);
  }
}
