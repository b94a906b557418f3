// Rooms with views: a player holds what it may see, in both codecs, over cuts too.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { Room } from "../../src/index.js";
import { Components } from "../arena.js";
import { until, within } from "../wait.js";
import { Cable, Relay, arenaClient } from "./relay.js";

let relay: Relay;
before(async () => { relay = await Relay.start(); });
after(() => relay.stop());

type ArenaRoom = Room<Components>;

// Moves step by step: each is seen before the next is made.
async function walk(room: ArenaRoom, entity: number, to: number, seen: (x: number) => boolean = () => true): Promise<void> {
  for (let x = room.state.get(entity, "Transform")?.pos.x ?? 0; x !== to; ) {
    x += Math.sign(to - x) * Math.min(10, Math.abs(to - x));
    room.set(entity, "Transform", { pos: { x } });
    await until(`the relay has ${x}`, () => room.state.get(entity, "Transform")?.pos.x === x && seen(x));
  }
}

for (const type of ["wide", "wide-plain"])
  test(`${type}: what is far is not held, what comes near appears, what goes away goes; a cut changes nothing`, async () => {
    const cable = new Cable();
    const a = await arenaClient(relay.url).create(type);
    const b = await arenaClient(relay.url, cable).joinById(a.roomId);
    const far = a.spawn("Transform", { pos: { x: 900 } });
    const near = a.spawn("Transform", { pos: { x: 0 } });
    const own = b.spawn("Transform", { pos: { x: 0 } });
    const secret = a.spawn("Health", { points: 1 }, { seenBy: "owner" });
    await until("each other's", () => b.state.entities.has(near) && a.state.entities.has(own) && a.state.owner(secret) === a.player);
    assert.deepEqual([b.state.entities.has(far), b.state.entities.has(secret), a.state.entities.has(far)], [false, false, true]);
    const told: string[] = [];
    b.onAdd("Transform", (entity) => told.push(`add ${entity}`));
    b.onRemove("Transform", (entity) => told.push(`remove ${entity}`));
    await until("what is there", () => told.length === 2);
    await walk(b, own, 880);
    await until("the far one, not the near one", () => b.state.entities.has(far) && !b.state.entities.has(near));
    assert.deepEqual(told.slice(2).sort(), [`add ${far}`, `remove ${near}`]);

    await within<void>("the drop", (resolve) => {
      b.onDrop(() => resolve());
      cable.cut();
    });
    a.set(far, "Transform", { pos: { y: 5 } });
    a.set(near, "Transform", { pos: { x: 870 } });
    await until("what happened meanwhile", () => b.state.get(far, "Transform")?.pos.y === 5 && b.state.get(near, "Transform")?.pos.x === 870);
    await walk(a, far, 905, () => true);
    await until("the last", () => b.state.get(far, "Transform")?.pos.x === 905);
    assert.deepEqual(b.state.get(far, "Transform"), a.state.get(far, "Transform"));
    assert.equal(b.stats.resyncs, 0);
    a.despawn(far);
    await until("its end", () => !b.state.entities.has(far));
  });
