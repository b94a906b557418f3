// tests/golden: what every implementation makes of the same bytes.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { Field, FieldType, Lanes, Quat, quantise, quantiseQuat } from "../src/packed/index.js";
import { Copy, frameOf, goldenPath, readScenes } from "./copy.js";

const random = process.env.PACKED_RANDOM; // what packed_golden wrote of random layouts; without it those are left out
for (const scene of [...readScenes(goldenPath("packed.json")), ...(random === undefined ? [] : readScenes(random))])
  test(`${scene.name}: every copy holds exactly the state after each frame`, () => {
    const copies = [0, 1, 2].map(() => new Copy(scene));
    let states = 0;
    for (const recorded of scene.frames)
      for (const to of recorded.to) {
        const where = `tick ${recorded.tick}, ${recorded.kind} to copy ${to}`;
        assert.equal(copies[to].apply(frameOf(recorded)), true, where); // the hash of a key tick agrees
        assert.equal(copies[to].digest(), recorded.digest, where);
        recorded.state?.forEach((rows, component) => {
          const held = copies[to].state[component];
          assert.equal(held.size, rows.length, where);
          for (const [id, value] of rows) assert.equal(Buffer.from(held.get(id) ?? []).toString("base64"), value, `${where}, ${id}`);
          ++states;
        });
      }
    assert.ok(states >= scene.layout.length);
  });

test("a stream frame is refused by who is not in the stream", () => {
  const [scene] = readScenes(goldenPath("packed.json"));
  const streamed = scene.frames.filter((frame) => frame.kind === "stream");
  const copy = new Copy(scene);
  assert.equal(copy.apply(frameOf(streamed[0])), false);
  const [first] = scene.frames;
  assert.equal(copy.apply(frameOf(first)), true);
  copy.decoder.restart();
  assert.equal(copy.apply(frameOf(streamed[0])), false);
  assert.equal(copy.apply({ ...frameOf(first), keyTick: false }), true);
  assert.equal(copy.apply(frameOf(streamed[0])), false, "a whole frame that is no key tick does not open the stream");
});

test("another hash than the copy's asks for a Resync", () => {
  const [scene] = readScenes(goldenPath("packed.json"));
  const frame = frameOf(scene.frames[0]);
  assert.equal(new Copy(scene).apply({ ...frame, hash: frame.hash ^ 1 }), false);
});

test("float32 values are quantised to the golden bits", () => {
  const lines = readFileSync(goldenPath("quantise.txt"), "utf8").split("\n").filter((line) => line !== "" && !line.startsWith("#"));
  const view = new DataView(new ArrayBuffer(8));
  const float64 = (hex: string) => (view.setBigUint64(0, BigInt(`0x${hex}`)), view.getFloat64(0));
  const float32 = (hex: string) => (view.setUint32(0, parseInt(hex, 16)), view.getFloat32(0));
  for (const line of lines) {
    const [flags, precision, min, max, value, expected] = line.split(" ");
    const field: Field = { type: FieldType.Float32, flags: Number(flags), precision: float64(precision), min: float64(min), max: float64(max) };
    const made = quantise(field, float32(value)) as number;
    view.setFloat32(0, made);
    assert.equal(view.getUint32(0).toString(16).padStart(8, "0"), expected, line);
    assert.equal(Math.fround(made), made, line);
  }
  assert.ok(lines.length > 400);
});

test("quaternions are quantised to the golden bits", () => {
  const lines = readFileSync(goldenPath("quat.txt"), "utf8").split("\n").filter((line) => line !== "" && !line.startsWith("#"));
  const view = new DataView(new ArrayBuffer(8));
  for (const line of lines) {
    const [precision, ...floats] = line.split(" ");
    view.setBigUint64(0, BigInt(`0x${precision}`));
    const step = view.getFloat64(0);
    const given = floats.slice(0, 4).map((hex) => (view.setUint32(0, parseInt(hex, 16)), view.getFloat32(0)));
    const made = quantiseQuat(step, given as unknown as Quat) as Quat;
    const hex = made.map((x) => (view.setFloat32(0, x), view.getUint32(0).toString(16).padStart(8, "0")));
    assert.deepEqual(hex, floats.slice(4), line);
  }
  assert.equal(lines.length, 1068);
  assert.equal(quantiseQuat(0.001, [0, NaN, 0, 1]), undefined);
  assert.equal(quantiseQuat(0.001, [0, 0, Infinity, 1]), undefined);
});

test("fields that are no whole quaternion are refused", () => {
  const quat = (precision: number): Field => ({ type: FieldType.Float32, flags: 9, precision, min: 0, max: 0 });
  assert.equal(new Lanes([quat(0.1), quat(0.1), quat(0.1), quat(0.1)]).count, 5);
  assert.throws(() => new Lanes([quat(0.1), quat(0.1), quat(0.1)]), RangeError);
  assert.throws(() => new Lanes([quat(0.1), quat(0.1), quat(0.2), quat(0.1)]), RangeError);
});

test("integers are held to their range and their type", () => {
  const ranged = (type: FieldType, min: number, max: number): Field => ({ type, flags: 2, precision: 0, min, max });
  assert.equal(quantise(ranged(FieldType.UInt16, 10, 60000), 70000), 60000);
  assert.equal(quantise(ranged(FieldType.Int8, -5, 1e9), 1000), 127);
  assert.equal(quantise(ranged(FieldType.Int64, -1e15, 1e15), -(2n ** 62n)), -(10n ** 15n));
  assert.equal(quantise(ranged(FieldType.UInt64, 0, 2 ** 64), 2n ** 64n), 2n ** 64n - 1n);
  assert.equal(quantise({ ...ranged(FieldType.Bool, 0, 0), flags: 0 }, 3), true);
  assert.equal(quantise({ ...ranged(FieldType.Int32, 0, 0), flags: 0 }, NaN), undefined);
  assert.equal(quantise({ ...ranged(FieldType.Float64, 0, 1), flags: 0 }, Infinity), undefined);
});
