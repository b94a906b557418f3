// Foreign bytes against the schema: what passes, flatc's code reads without a surprise; what does not, nobody reads.
import assert from "node:assert/strict";
import { test } from "node:test";
import { ByteBuffer } from "flatbuffers";
import { verify } from "../src/check/verify.js";
import * as wire from "./wire/index.js";
import { messageShape, shapes, stateFrameShape } from "../src/wire/shapes.js";
import { bodies, body, components, frame, note, owners, pong, welcome, yours } from "./bytes.js";
import { chanceOf } from "./chance.js";

const aFrame = frame({
  tick: 9, base: 3, eventFirst: 4, events: [{ data: "one" }, { type: "two", request: 7 }], removed: [1, 2], alive: [7], packed: new Uint8Array([1, 2, 3]),
  columns: [{ component: body, ids: [7], masks: [7], values: bodies([1, 2, 3n]) }, { component: note, ids: [7], values: owners(4), lengths: [4] }],
});
const good: [string, Uint8Array, number][] = [
  ["welcome", welcome(), messageShape], ["yours", yours(4, 5, { direct: [{ data: "x" }], directFirst: 1 }), messageShape], ["pong", pong(1n, 2n), messageShape],
  ["frame", aFrame, stateFrameShape],
];

// Reads everything there is to read, as the SDK does.
function readAll(bytes: Uint8Array, root: number): number {
  const buffer = new ByteBuffer(bytes);
  let read = 0;
  const text = (value: string | null) => (read += value?.length ?? 0);
  const event = (each: wire.Event | null) => (text(each?.type() ?? null), (read += each?.dataArray()?.length ?? 0));
  if (root === stateFrameShape) {
    const frame = wire.StateFrame.getRootAsStateFrame(buffer);
    read += (frame.head()?.tick() ?? 0) > 0 ? 1 : 0;
    for (let i = 0; i < frame.eventsLength(); ++i) event(frame.events(i));
    for (const array of [frame.packedArray(), frame.removedArray(), frame.aliveArray()]) read += array?.length ?? 0;
    for (let i = 0; i < frame.columnsLength(); ++i) {
      const column = frame.columns(i) as wire.Column;
      for (const array of [column.idsArray(), column.masksArray(), column.valuesArray(), column.lengthsArray()]) read += array?.length ?? 0;
    }
    return read;
  }
  const message = wire.Message.getRootAsMessage(buffer);
  if (message.bodyType() === wire.Body.Welcome) {
    const body = message.body(new wire.Welcome()) as wire.Welcome;
    for (const each of [body.roomId(), body.type(), body.playerId(), body.session()]) text(each);
    const layout = body.layout();
    for (let i = 0; i < (layout?.componentsLength() ?? 0); ++i) {
      const component = layout?.components(i);
      text(component?.name() ?? null);
      for (let f = 0; f < (component?.fieldsLength() ?? 0); ++f) text(component?.fields(f)?.name() ?? null);
    }
  } else if (message.bodyType() === wire.Body.Yours) {
    const body = message.body(new wire.Yours()) as wire.Yours;
    for (let i = 0; i < body.directLength(); ++i) event(body.direct(i));
  }
  return read;
}

for (const [what, bytes, root] of good)
  test(`${what}: as it is it passes; cut anywhere, or with any bit flipped, it is refused or safe to read`, () => {
    assert.ok(verify(bytes, shapes, root));
    assert.ok(readAll(bytes, root) > 0 || what === "pong");
    let refused = 0;
    const look = (changed: Uint8Array) => {
      if (!verify(changed, shapes, root)) ++refused;
      else assert.ok(readAll(changed, root) <= 4 * bytes.length);
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
      if (verify(changed, shapes, root)) assert.ok(readAll(changed, root) <= 4 * bytes.length);
    }
});

test("a short message that refers to one long string again and again is refused", () => {
  // 20,000 components with one name of 60 kB: 1.2 GB of text out of 140 kB.
  const many = Array.from({ length: 60 }, () => components[3]);
  const bytes = welcome({ layout: many });
  assert.ok(verify(bytes, shapes, messageShape));
  const message = wire.Message.getRootAsMessage(new ByteBuffer(bytes));
  const layout = (message.body(new wire.Welcome()) as wire.Welcome).layout() as wire.Layout;
  const view = new DataView(bytes.buffer);
  const buffer = layout.bb as ByteBuffer;
  const vector = buffer.__vector(layout.bb_pos + buffer.__offset(layout.bb_pos, 6));
  const longest = vector + view.getUint32(vector, true); // the farthest from its vector holds the rest
  for (let i = 0; i < 60; ++i) view.setUint32(vector + 4 * i, longest - (vector + 4 * i), true);
  assert.ok(verify(bytes, shapes, messageShape), "sharing within measure");
  const alone = welcome({ layout: [components[0], components[1], components[2], { name: "x".repeat(60_000), bytes: 0 }, ...Array.from({ length: 40 }, (_, i) => ({ name: `n${i}`, bytes: 0 }))] });
  const shared = (wire.Message.getRootAsMessage(new ByteBuffer(alone)).body(new wire.Welcome()) as wire.Welcome).layout() as wire.Layout;
  const inside = new DataView(alone.buffer);
  const place = (shared.bb as ByteBuffer).__vector(shared.bb_pos + (shared.bb as ByteBuffer).__offset(shared.bb_pos, 6));
  const long = place + 12 + inside.getUint32(place + 12, true);
  for (let i = 0; i < 44; ++i) inside.setUint32(place + 4 * i, long - (place + 4 * i), true);
  assert.ok(!verify(alone, shapes, messageShape));
});

test("a union of a type that a newer relay may send passes, one without its body does not", () => {
  const bytes = pong(1n, 2n);
  const place = bytes.lastIndexOf(wire.Body.Pong);
  const newer = bytes.slice();
  newer[place] = 200;
  assert.ok(verify(newer, shapes, messageShape));
  newer[place] = 0;
  assert.ok(!verify(newer, shapes, messageShape));
});
