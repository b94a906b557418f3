// What a tick of packed frames costs to decode: node decode.js FRAMES.json [ROUNDS]. bench/packed makes such files.
import { Changed } from "../src/packed/index.js";
import { Copy, frameOf, readScenes } from "../test/copy.js";

const [path, rounds] = process.argv.slice(2);
const nobody: Changed = { removed() {}, keepOnly() {}, put() {}, putOpaque() {} };

for (const scene of readScenes(path)) {
  const frames = scene.frames.filter((frame) => frame.to.includes(0)).map(frameOf);
  for (let round = 1; round <= Number(rounds ?? 3); ++round) {
    const { decoder } = new Copy(scene);
    const decode = (part: typeof frames) => {
      for (const frame of part) if (!decoder.apply(frame, nobody)) throw new Error("a key tick has another hash");
    };
    const half = Math.floor(frames.length / 2);
    decode(frames.slice(0, half)); // warm
    const from = process.hrtime.bigint();
    decode(frames.slice(half));
    const us = Number(process.hrtime.bigint() - from) / 1000;
    console.log(`${scene.name}, round ${round}: ${(us / (frames.length - half)).toFixed(1)} us a tick`);
  }
}
