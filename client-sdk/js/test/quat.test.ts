// Quaternions of one's own: written by fours, as the relay will have them.
import assert from "node:assert/strict";
import { test } from "node:test";
import { components, frame, owners } from "./bytes.js";
import { Seat } from "./seat.js";
import * as wire from "./wire/index.js";

const turn = (name: string, offset: number) => ({ name, type: wire.FieldType.Float32, offset, flags: wire.FieldFlags.Quantised | wire.FieldFlags.Quat, precision: 0.001 });
const [owner, player, room] = components;
const layout = [owner, player, room, { name: "game.Turned", bytes: 16, fields: [turn("q.x", 0), turn("q.y", 4), turn("q.z", 8), turn("q.w", 12)] }];
const turned = 3;

const shown = (seat: Seat, entity: number) => seat.session.mirror.row(turned, entity)?.shown() as { q: { x: number; y: number; z: number; w: number } };

test("a spawn without a quaternion is no turn; a set of one number sends all four, of length 1", () => {
  const seat = new Seat().join({ layout });
  seat.hear(frame({ tick: 10, columns: [{ component: 0, ids: [7], values: owners(1) }] }));
  const entity = seat.session.actions.spawn("Turned", {});
  assert.deepEqual(shown(seat, entity), { q: { x: 0, y: 0, z: 0, w: 1 } });
  seat.session.actions.set(entity, "Turned", { q: { x: 1 } });
  const { x, y, z, w } = shown(seat, entity).q;
  assert.ok(Math.abs(x * x + y * y + z * z + w * w - 1) < 0.002 && Math.abs(x - Math.SQRT1_2) < 0.001 && Math.abs(w - Math.SQRT1_2) < 0.001);
  seat.pass(1);
  const [spawn, set] = seat.actions;
  assert.deepEqual([spawn.mask(), spawn.dataLength(), set.mask(), set.dataLength()], [15n, 16, 15n, 16]);
  assert.throws(() => seat.session.actions.set(entity, "Turned", { q: { y: NaN } }), /'game.Turned'.q.x is not a finite number/);
});

test("a layout with half a quaternion ends the join", () => {
  const seat = new Seat();
  seat.dial();
  const half = { name: "game.Half", bytes: 12, fields: [turn("q.x", 0), turn("q.y", 4), turn("q.z", 8)] };
  seat.hear(frame({ tick: 1 }));
  assert.equal(seat.session.leaveCode, 4400, "a frame before the Welcome");
  const other = new Seat().join({ layout: [owner, player, room, half] });
  assert.equal(other.session.leaveCode, 4400);
});
