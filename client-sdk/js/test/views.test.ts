// Frames in parts, against bytes that flatc's classes build.
import assert from "node:assert/strict";
import { test } from "node:test";
import { FrameText, bodies, body, frame, owners } from "./bytes.js";
import { Seat } from "./seat.js";
import * as wire from "./wire/index.js";

// A chunk's own frame of codec plain: these bodies, each at x.
const chunkOf = (xs: Record<number, number>, more: Partial<FrameText> = {}) => {
  const ids = Object.keys(xs).map(Number);
  return frame({ tick: 1, columns: [{ component: 0, ids, values: owners(...ids.map(() => 1)) }, { component: body, ids, values: bodies(...ids.map((id): [number, number, bigint] => [xs[id], 0, 0n])) }], ...more });
};

test("a room with views: chunks come, change, hand entities over and go, each by itself", () => {
  const seat = new Seat().join();
  const heard: string[] = [];
  for (const kind of ["add", "change", "remove"] as const) seat.session.listeners.changes.on(kind, "Body", (entity, value) => heard.push(`${kind} ${entity} ${(value as { at: { x: number } }).at.x}`));
  const told = () => heard.splice(0).sort().join(", ");
  seat.hear(frame({ tick: 10, parts: [{ chunk: 1, kind: 2, bytes: chunkOf({ 7: 1, 8: 2 }) }, { chunk: 300, kind: 2, bytes: chunkOf({ 9: 3 }) }] }));
  assert.equal(told(), "add 7 1, add 8 2, add 9 3");
  const move = frame({ tick: 1, removed: [8] });
  seat.hear(frame({ tick: 11, base: 10, parts: [{ chunk: 1, kind: 0, bytes: move }, { chunk: 300, kind: 0, bytes: chunkOf({ 8: 5 }) }] }));
  assert.equal(told(), "change 8 5", "it went from one chunk to another");
  seat.hear(frame({ tick: 12, base: 11, parts: [{ chunk: 300, kind: 1, bytes: new Uint8Array(0) }] }));
  assert.equal(told(), "");
  seat.hear(frame({ tick: 13, base: 12, parts: [{ chunk: 300, kind: 2, bytes: chunkOf({ 9: 4 }) }] }));
  assert.equal(told(), "change 9 4, remove 8 5", "a whole part forgets the rest of its chunk alone");
  seat.hear(frame({ tick: 14, base: 13, parts: [{ chunk: 1, kind: 3 }] }));
  assert.equal(told(), "remove 7 1");
  seat.hear(frame({ tick: 15, base: 14, parts: [{ chunk: 2, kind: 2, bytes: chunkOf({ 7: 6 }) }], flags: 8 }));
  assert.equal(told(), "add 7 6, remove 9 4", "chunks that are not listed are gone");
  seat.hear(frame({ tick: 16, parts: [] }));
  assert.equal(told(), "remove 7 6", "base 0 forgets every chunk");
});

test("parts that no relay sends end with protocol_error, a chunk that is not known with a Resync", () => {
  const cases: [string, wire.Codec, FrameText["parts"]][] = [
    ["half a frame", wire.Codec.Plain, [{ chunk: 1, kind: 2, bytes: chunkOf({ 7: 1 }).slice(0, 20) }]],
    ["no frame", wire.Codec.Plain, [{ chunk: 1, kind: 2, bytes: new Uint8Array(9) }]],
    ["a number without end", wire.Codec.Packed, new Uint8Array(12).fill(255)],
    ["nothing after the chunk", wire.Codec.Packed, Uint8Array.of(1)],
    ["half a hash", wire.Codec.Packed, Uint8Array.of(1, 2 | 4, 2, 0, 0)],
    ["fewer bytes than it says", wire.Codec.Packed, Uint8Array.of(1, 2, 5, 255, 255, 255, 255)],
    ["more entities than there can be", wire.Codec.Packed, [{ chunk: 1, kind: 2, bytes: new Uint8Array(0) }]],
  ];
  for (const [what, codec, parts] of cases) {
    const seat = new Seat().join({ codec });
    seat.hear(frame({ tick: 10, parts }));
    assert.equal(seat.session.leaveCode, 4400, what);
  }
  const seat = new Seat().join({ codec: wire.Codec.Packed });
  seat.hear(frame({ tick: 10, parts: [{ chunk: 1, kind: 1, bytes: new Uint8Array(4).fill(255) }] }));
  assert.deepEqual([seat.session.phase, seat.session.stats.resyncs], ["joined", 1]);
});
