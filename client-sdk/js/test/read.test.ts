// Foreign bytes against the schema: what passes is what flatc's code reads, and little more than the bytes; what does not, nobody
// reads. And what the SDK writes, flatc's code and the SDK itself read as it was.
import assert from "node:assert/strict";
import { test } from "node:test";
import { ByteBuffer } from "flatbuffers";
import { read } from "../src/buffer/read.js";
import { write } from "../src/buffer/write.js";
import { Root } from "../src/wire/index.js";
import * as wire from "./wire/index.js";
import { bodies, body, components, frame, note, owners, pong, welcome, yours } from "./bytes.js";
import { chanceOf } from "./chance.js";

const aFrame = frame({
  tick: 9, base: 3, eventFirst: 4, events: [{ data: "one" }, { type: "two", request: 7 }], removed: [1, 2], alive: [7], packed: new Uint8Array([1, 2, 3]),
  columns: [{ component: body, ids: [7], masks: [7], values: bodies([1, 2, 3n]) }, { component: note, ids: [7], values: owners(4), lengths: [4] }],
});
const good: [string, Uint8Array, Root][] = [
  ["welcome", welcome(), Root.Message], ["yours", yours(4, 5, { direct: [{ data: "x" }], directFirst: 1 }), Root.Message], ["pong", pong(1n, 2n), Root.Message],
  ["frame", aFrame, Root.StateFrame],
];

const whole = (bytes: Uint8Array, root: Root) => read<Record<string, unknown>>(bytes, root, root === Root.Message ? "TRM1" : "TRF1");

/** What was read, without numbers. */
function sizeOf(value: unknown): number {
  if (typeof value === "string") return value.length;
  if (ArrayBuffer.isView(value)) return value.byteLength;
  if (Array.isArray(value)) return value.reduce<number>((sum, each) => sum + 4 + sizeOf(each), 0);
  return typeof value === "object" && value !== null ? Object.values(value).reduce<number>((sum, each) => sum + sizeOf(each), 0) : 0;
}

// eslint-disable-next-line @typescript-eslint/no-explicit-any
type Flatc = any;

/** The same of flatc's accessors. */
function likeFlatc(made: Record<string, unknown>, flatc: Flatc): unknown {
  const each = Object.entries(made).map(([name, value]): [string, unknown] => {
    if (name === "body") return [name, likeFlatc(value as never, flatc.body(new (wire as Flatc)[wire.Body[flatc.bodyType()]]()))];
    if (Array.isArray(value)) return [name, Array.from({ length: flatc[`${name}Length`]() }, (_, i) => likeFlatc(value[i], flatc[name](i)))];
    if (`${name}Array` in flatc) return [name, flatc[`${name}Array`]() ?? undefined];
    const given = flatc[name]();
    if (typeof value === "object") return [name, likeFlatc(value as never, given)];
    return [name, given ?? (typeof value === "string" ? "" : undefined)];
  });
  return Object.fromEntries(each);
}

test("what is read is what flatc's code reads", () => {
  for (const [what, bytes, root] of good) {
    const made = whole(bytes, root) as Record<string, unknown>;
    const buffer = new ByteBuffer(bytes);
    const flatc = root === Root.Message ? wire.Message.getRootAsMessage(buffer) : wire.StateFrame.getRootAsStateFrame(buffer);
    assert.deepEqual(made, likeFlatc(made, flatc), what);
    const apart = new Uint8Array(bytes.length + 3);
    apart.set(bytes, 3);
    assert.deepEqual(whole(apart.subarray(3), root), made, "wherever the bytes lie");
  }
});

test("what is written is read as it was, by flatc's code too", () => {
  const chance = chanceOf(3);
  const some = <T>(value: T): T | undefined => (chance(3) === 0 ? undefined : value);
  const bytes = () => Uint8Array.from({ length: chance(300) }, () => chance(256));
  for (let n = 0; n < 300; ++n) {
    const actions = Array.from({ length: chance(65) }, () => ({
      kind: some(chance(7)), flags: some(chance(8)), component: some(chance(67)), seq: some(chance(2 ** 32)), entity: some(chance(2 ** 32)),
      mask: some(BigInt(chance(2 ** 32)) << 31n), data: some(bytes()), type: some("räume".slice(0, chance(6))), audience: some(chance(5)),
      to: some(Array.from({ length: chance(9) }, () => chance(2 ** 32))), request: some(chance(100)),
    }));
    const ack = { tick: chance(2 ** 32), event: chance(2 ** 32), direct: chance(2 ** 32) };
    const message = write(Root.Message, "TRM1", { bodyType: wire.Body.Update, body: { ack, actions } });
    const made = whole(message, Root.Message) as { body: { ack: unknown; actions: Record<string, unknown>[] } };
    assert.deepEqual(made.body.ack, ack);
    made.body.actions.forEach((action, i) => {
      for (const [name, value] of Object.entries(actions[i])) {
        const left = value ?? (name === "type" ? "" : name === "mask" ? 0n : name === "data" || name === "to" ? undefined : 0);
        assert.deepEqual(action[name] instanceof Uint32Array ? [...(action[name] as Uint32Array)] : action[name], left, name);
      }
    });
    assert.deepEqual(made, likeFlatc(made as never, wire.Message.getRootAsMessage(new ByteBuffer(message))));
  }
});

for (const [what, bytes, root] of good)
  test(`${what}: as it is it passes; cut anywhere, or with any bit flipped, it is refused or read`, () => {
    assert.ok(whole(bytes, root));
    assert.ok(sizeOf(whole(bytes, root)) > 0 || what === "pong");
    let refused = 0;
    const look = (changed: Uint8Array) => {
      const made = whole(changed, root);
      if (made === undefined) ++refused;
      else assert.ok(sizeOf(made) <= 4 * bytes.length);
    };
    for (let length = 0; length < bytes.length; ++length) look(bytes.slice(0, length));
    for (let bit = 0; bit < bytes.length * 8; ++bit) {
      const changed = bytes.slice();
      changed[bit >> 3] ^= 1 << (bit & 7);
      look(changed);
    }
    assert.ok(refused > bytes.length / 2);
  });

test("random changes of several bytes are refused or safe to read", () => {
  const chance = chanceOf(11);
  for (const [, bytes, root] of good)
    for (let n = 0; n < 5000; ++n) {
      const changed = bytes.slice();
      for (let hits = 1 + chance(8); hits > 0; --hits) changed[chance(bytes.length)] = chance(4) === 0 ? 255 : chance(256);
      assert.ok(sizeOf(whole(changed, root)) <= 4 * bytes.length);
    }
});

test("a short message that refers to one long string again and again is refused", () => {
  // 20,000 components with one name of 60 kB: 1.2 GB of text out of 140 kB.
  const many = Array.from({ length: 60 }, () => components[3]);
  const bytes = welcome({ layout: many });
  assert.ok(whole(bytes, Root.Message));
  const message = wire.Message.getRootAsMessage(new ByteBuffer(bytes));
  const layout = (message.body(new wire.Welcome()) as wire.Welcome).layout() as wire.Layout;
  const view = new DataView(bytes.buffer);
  const buffer = layout.bb as ByteBuffer;
  const vector = buffer.__vector(layout.bb_pos + buffer.__offset(layout.bb_pos, 6));
  const longest = vector + view.getUint32(vector, true); // the farthest from its vector holds the rest
  for (let i = 0; i < 60; ++i) view.setUint32(vector + 4 * i, longest - (vector + 4 * i), true);
  assert.ok(whole(bytes, Root.Message), "sharing within measure");
  const alone = welcome({ layout: [components[0], components[1], components[2], { name: "x".repeat(60_000), bytes: 0 }, ...Array.from({ length: 40 }, (_, i) => ({ name: `n${i}`, bytes: 0 }))] });
  const shared = (wire.Message.getRootAsMessage(new ByteBuffer(alone)).body(new wire.Welcome()) as wire.Welcome).layout() as wire.Layout;
  const inside = new DataView(alone.buffer);
  const place = (shared.bb as ByteBuffer).__vector(shared.bb_pos + (shared.bb as ByteBuffer).__offset(shared.bb_pos, 6));
  const long = place + 12 + inside.getUint32(place + 12, true);
  for (let i = 0; i < 44; ++i) inside.setUint32(place + 4 * i, long - (place + 4 * i), true);
  assert.ok(whole(alone, Root.Message) === undefined);
});

test("a union of a type that a newer relay may send passes, one without its body does not", () => {
  const bytes = pong(1n, 2n);
  const place = bytes.lastIndexOf(wire.Body.Pong);
  const newer = bytes.slice();
  newer[place] = 200;
  assert.ok(whole(newer, Root.Message));
  newer[place] = 0;
  assert.ok(whole(newer, Root.Message) === undefined);
});
