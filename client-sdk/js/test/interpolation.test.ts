// What is drawn between frames, of a session whose connection and clock are in the test's hand.
import assert from "node:assert/strict";
import { test } from "node:test";
import { along, between } from "../src/feel/blend.js";
import { Component, NamedField } from "../src/state/component.js";
import { bodies, body, frame, owners, welcome } from "./bytes.js";
import { Player, close, tickUs } from "./player.js";
import * as wire from "./wire/index.js";

const flags = wire.FieldFlags;
const field = (name: string, type: wire.FieldType, offset: number, more: object = {}): NamedField => ({ name, type: type as never, offset, flags: 0, precision: 0, min: 0, max: 0, ...more });
const quat = ["q.x", "q.y", "q.z", "q.w"].map((name, i) => field(name, wire.FieldType.Float32, 4 * i, { flags: flags.Quat | flags.Quantised, precision: 0.001 }));

test("floats go straight, angles the shorter way, quaternions along their arc, all else steps", () => {
  const angle = { flags: flags.Angle | flags.Ranged, min: -Math.PI, max: Math.PI };
  const mixed = new Component(3, "a.Mixed", [
    field("x", wire.FieldType.Float32, 0, { flags: flags.Ranged, min: 0, max: 10 }), field("yaw", wire.FieldType.Float32, 4, angle),
    field("count", wire.FieldType.Int32, 8), field("big", wire.FieldType.Int64, 16), field("on", wire.FieldType.Bool, 24), field("y", wire.FieldType.Float64, 32),
  ]);
  const from = [1, 3, 5, 5n, false, -1];
  const to = [2, -3, 9, 9n, true, 1];
  const way = between(mixed, from, to);
  const half = along(mixed, from, way, 0.5);
  close(half[0] as number, 1.5);
  close(Math.abs(half[1] as number), Math.PI, "the short way round", 1e-3);
  assert.deepEqual(half.slice(2), [5, 5n, false, 0]);
  assert.equal(along(mixed, to, way, 20)[0], 10, "held to its range");
  const beyond = along(mixed, to, way, 1)[1] as number;
  close(beyond, -3 + 2 * Math.PI - 6, "an angle goes round", 1e-6);

  const turning = new Component(3, "a.Turning", quat);
  const start = [0, 0, 0, 1];
  const quarter = [0, 0, -Math.SQRT1_2, -Math.SQRT1_2]; // a quarter turn, with its sign the other way
  const middle = along(turning, start, between(turning, start, quarter), 0.5) as number[];
  close(middle[2], Math.sin(Math.PI / 8), "half of it", 1e-3);
  close(Math.hypot(...middle), 1, "a unit");
});

test("what others do is drawn a little in the past, between the frames around that moment", () => {
  const player = new Player();
  player.room.interpolate("Body");
  player.whole(21, 10).moves(22, 20).moves(23, 26);
  close(player.room.clock.delay, 0.05);
  close(player.drawn(), 20, "the frame before the newest");
  player.pass(25_000);
  close(player.drawn(), 23, "half-way");
  assert.deepEqual(player.room.interpolated(8, "Body"), { at: { x: player.drawn(), y: 10 }, big: 3n });
  assert.equal((player.room.state.get(8, "Body") as { at: { x: number } }).at.x, 26, "the state is as it was told");
  assert.equal(player.room.interpolated(99, "Body"), undefined);
});

test("what rested does not creep to where it goes next", () => {
  const player = new Player();
  player.room.interpolate("Body");
  player.whole(21, 10);
  for (let tick = 22; tick < 40; ++tick) player.rests(tick);
  player.moves(40, 20);
  close(player.drawn(), 10, "at tick 39 it had not begun");
  player.pass(25_000);
  close(player.drawn(), 15);
});

test("where frames are late it is carried on, for a quarter of a second; where they say that it rests, it does", () => {
  const player = new Player();
  player.room.interpolate("Body");
  player.whole(21, 10).moves(22, 11).moves(23, 12);
  player.pass(2 * tickUs);
  close(player.drawn(), 13, "one tick beyond");
  player.pass(4 * tickUs);
  close(player.drawn(), 17, "250 ms beyond");
  player.pass(20 * tickUs);
  close(player.drawn(), 17, "and no further");
  const other = new Player();
  other.room.interpolate("Body");
  other.whole(21, 10).moves(22, 11).rests(23).pass(5 * tickUs);
  close(other.drawn(), 11);
});

test("own entities are drawn as the state has them; so is what nobody asked for, and what came to be one's own", () => {
  const player = new Player();
  player.whole(21, 10).moves(22, 20);
  close(player.drawn(), 20, "not asked for");
  player.room.interpolate("Body");
  player.moves(23, 30, { id: 7 }).moves(24, 31, { id: 7 });
  close(player.drawn(7), 31);
  player.room.set(7, "Body", { at: { x: 50 } });
  close(player.drawn(7), 50);
  assert.throws(() => player.room.interpolate("Note"), /'game.Note' is a table/);
});

test("a history is bounded, ends with its entity, and begins anew where the room went back", () => {
  const player = new Player();
  player.room.interpolate("Body");
  player.whole(21, 10);
  for (let tick = 22; tick < 122; ++tick) player.moves(tick, tick % 50);
  const { interpolation, mirror } = player.session;
  const { histories } = interpolation as unknown as { histories: Map<number, Map<number, unknown[]>> };
  const kept = () => histories.get(body)?.get(8)?.length ?? 0;
  assert.ok(kept() <= 3, "what is drawn no more is dropped");
  const change = { kind: "change", component: body, entity: 8, before: undefined } as const;
  for (let tick = 122; tick < 200; ++tick) interpolation.record([change], tick, tick - 1, 0); // nothing of it was drawn
  assert.equal(kept(), 32);
  player.session.closed(1006, "", player.nowUs);
  player.pass(1_000_000);
  player.dial();
  player.hear(welcome({ resumed: true, rolledBack: true, term: 2, layout: null }));
  const again = (tick: number, x: number) => frame({ tick, columns: [{ component: 0, ids: [8], values: owners(2) }, { component: body, ids: [8], values: bodies([x, 5, 3n]) }] });
  player.hear(again(30, 5));
  assert.deepEqual([mirror.tick, kept()], [30, 1]);
  close(player.drawn(), 5);
  player.hear(frame({ tick: 31, base: 30, removed: [8] }));
  assert.equal(kept(), 0);
});
