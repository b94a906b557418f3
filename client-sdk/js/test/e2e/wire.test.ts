// What goes wrong on the way, with the real relay behind: changed bytes, a copy that differs, a page in the background.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { ByteBuffer } from "flatbuffers";
import { Room, VisibilitySource } from "../../src/index.js";
import * as wire from "../wire/index.js";
import { Components } from "../arena.js";
import { chanceOf } from "../chance.js";
import { until } from "../wait.js";
import { Proxy } from "./proxy.js";
import { Cable, Relay, arenaClient } from "./relay.js";

let relay: Relay;
before(async () => { relay = await Relay.start(); });
after(() => relay.stop());

/** Moves ships of the room's, unpredictably, as long as it is not told to stop. */
function mover(room: Room<Components>, ships = 1): () => void {
  const own = Array.from({ length: ships }, () => room.spawn("Transform", {}));
  const chance = chanceOf(3);
  return room.onStateChange(() => own.forEach((ship) => room.set(ship, "Transform", { pos: { x: chance(1000), z: chance(1000) }, yaw: chance(6) })));
}

test("bytes that were changed on the way give protocol_error or a state that could be; never a hang", async (t) => {
  const chance = chanceOf(7);
  const hosts = await Promise.all(["trial", "plain"].map((type) => arenaClient(relay.url).create(type)));
  const stops = hosts.map((host) => mover(host));
  const ends = new Map<string, number>();
  for (let n = 0; n < 40; ++n) {
    const proxy = await Proxy.start(relay.url, t);
    let message = 0;
    const hit = chance(8);
    proxy.change = (bytes) => {
      if (message++ !== hit) return bytes;
      const changed = Buffer.from(bytes);
      for (let flips = 1 + chance(6); flips > 0; --flips) changed[chance(changed.length)] ^= 1 << chance(8);
      return chance(4) === 0 ? changed.subarray(0, chance(changed.length)) : changed;
    };
    const cable = new Cable();
    const client = arenaClient(proxy.url, cable);
    const end = await client.joinById(hosts[n % 2].roomId).then(
      async (room) => {
        await until("an end or some frames after it", () => room.phase === "left" || (message > hit && room.stats.frames > 12) || room.stats.reconnects > 0);
        let label = "";
        room.onLeave((_, reason) => (label = reason));
        const left = room.phase === "left";
        await room.leave();
        return left ? "ended" : `lived ${label === "left"}`;
      },
      (error: Error & { label?: string }) => error.label ?? String(error),
    );
    ends.set(end, (ends.get(end) ?? 0) + 1);
  }
  stops.forEach((stop) => stop());
  const known = new Set(["ended", "lived true", "protocol_error", "incompatible_schema"]);
  for (const end of ends.keys()) assert.ok(known.has(end), JSON.stringify([...ends]));
  assert.ok((ends.get("ended") ?? 0) + (ends.get("protocol_error") ?? 0) > 5, JSON.stringify([...ends]));
});

test("a copy that is not what the relay says asks for the whole, and goes on", async (t) => {
  const host = await arenaClient(relay.url).create("trial");
  const stop = mover(host);
  const proxy = await Proxy.start(relay.url, t);
  let spoilt = 0;
  proxy.change = (bytes) => {
    const buffer = new ByteBuffer(new Uint8Array(bytes));
    if (!buffer.__has_identifier("TRF1")) return bytes;
    const frame = wire.StateFrame.getRootAsStateFrame(buffer);
    const head = frame.head() as wire.FrameHead;
    const hash = frame.packedArray();
    if ((head.flags() & wire.FrameFlags.KeyTick) === 0 || head.kind() !== wire.FrameKind.Stream || spoilt > 0 || hash === null) return bytes;
    ++spoilt;
    hash[0] ^= 1;
    return Buffer.from(buffer.bytes());
  };
  const guest = await arenaClient(proxy.url).joinById(host.roomId);
  await until("the whole state was asked for", () => guest.stats.resyncs === 1);
  const { frames } = guest.stats;
  await until("frames after it", () => guest.stats.frames > frames + 10);
  assert.equal(guest.stats.resyncs, 1);
  stop();
  host.set(host.entity, "Score", { kills: 9 });
  await until("the last value", () => guest.state.get(host.entity, "Score")?.kills === 9);
  assert.deepEqual(Object.fromEntries(guest.state.each("Transform")), Object.fromEntries(host.state.each("Transform")));
});

class Page implements VisibilitySource {
  visibilityState = "visible";
  private calls: (() => void)[] = [];

  addEventListener(_: string, call: () => void): void {
    this.calls.push(call);
  }

  removeEventListener(_: string, call: () => void): void {
    this.calls = this.calls.filter((each) => each !== call);
  }

  show(state: string): void {
    this.visibilityState = state;
    this.calls.forEach((call) => call());
  }

  get listeners(): number {
    return this.calls.length;
  }
}

test("a page in the background stays under 1 kB/s, and is up to date again when it is looked at", async (t) => {
  const host = await arenaClient(relay.url).create("trial");
  const stop = mover(host, 12);
  const proxy = await Proxy.start(relay.url, t);
  const page = new Page();
  const guest = await arenaClient(proxy.url, new Cable(), { platform: { visibility: page, random: () => 0 } }).joinById(host.roomId);
  const seconds = async (count: number) => {
    const from = guest.clock.now;
    await until("time", () => guest.clock.now - from >= count);
  };
  await until("a stream", () => guest.stats.frames > 30);
  const before = proxy.bytesDown;
  await seconds(1);
  assert.ok(proxy.bytesDown - before > 1500, `visible: ${proxy.bytesDown - before} B/s`);
  page.show("hidden");
  await seconds(1); // what was on its way
  const from = proxy.bytesDown;
  const frames = guest.stats.frames;
  await seconds(6);
  const perSecond = (proxy.bytesDown - from) / 6;
  assert.ok(perSecond < 1000, `hidden: ${perSecond} B/s`);
  assert.ok(guest.stats.frames > frames, "it is still told");
  page.show("visible");
  await until("the present", () => guest.stateAge < 0.2 && guest.state.tick > host.state.tick - host.clock.tickRate / 4);
  console.log(`# hidden: ${perSecond.toFixed(0)} B/s`);
  stop();
  await guest.leave();
  assert.equal(page.listeners, 0);
});

test("a relay that falls silent is left, and found again", async (t) => {
  const proxy = await Proxy.start(relay.url, t);
  const room = await arenaClient(proxy.url).create("trial");
  const drops: string[] = [];
  room.onDrop((_, reason) => {
    drops.push(reason);
    proxy.change = (bytes) => bytes;
  });
  await until("frames", () => room.stats.frames > 2);
  proxy.change = () => undefined;
  await until("the return", () => room.stats.reconnects === 1);
  assert.deepEqual(drops, ["the relay fell silent"]);
  await room.leave();
});
