// The second connection of a session with a loss shield, and what a hidden page says.
import assert from "node:assert/strict";
import { test } from "node:test";
import { EventText, frame, note, pong, resync, welcome, yours } from "./bytes.js";
import { Seat, TestLink, moves, whole } from "./seat.js";
import * as wire from "./wire/index.js";

const bodiesOf = <Body>(link: TestLink, kind: wire.Body, made: () => Body): Body[] =>
  link.sent.filter((message) => message.bodyType() === kind).map((message) => message.body(made() as never) as Body);

class ShieldedSeat extends Seat {
  copies = new TestLink();
  readonly ticks: number[] = [];
  readonly heard: string[] = [];

  constructor() {
    super({ lossShield: true });
    this.session.listeners.stateChange.add((tick) => this.ticks.push(tick));
    this.session.listeners.messages.set("chat", { tell: (message: { text: string }) => this.heard.push(message.text) } as never);
  }

  /** Steps until it wants its connection; the first one lives. */
  wants(withinUs = 1_000_000): boolean {
    for (const until = this.nowUs + withinUs; this.nowUs < until && !this.session.shield.wantsLink(this.nowUs); ) this.live(20_000);
    return this.session.shield.wantsLink(this.nowUs);
  }

  live(us: number): void {
    this.pass(us);
    this.hear(pong(0n, 0n));
  }

  raise(): this {
    assert.ok(this.wants());
    this.copies = new TestLink();
    this.session.shield.dialled(this.copies, this.nowUs);
    this.session.shield.opened(this.nowUs);
    return this;
  }

  /** At tick 10. */
  joinShielded(): this {
    this.join();
    this.hear(whole(10, 1));
    return this.raise();
  }

  copy(...messages: Uint8Array[]): void {
    for (const message of messages) this.session.shield.received(message, this.nowUs);
    this.session.step(this.nowUs);
  }

  get acks(): number[] {
    return bodiesOf(this.copies, wire.Body.Update, () => new wire.Update()).map((update) => {
      assert.equal(update.actionsLength(), 0);
      return update.ack()?.tick() ?? 0;
    });
  }
}

const event = (tick: number, number: number, data: string) => moves(tick, tick - 1, tick, { eventFirst: number, events: [{ data }] });
const mine: { direct: EventText[]; directFirst: number } = { direct: [{ data: "mine" }], directFirst: 1 };

test("there is no shield unless it is asked for", () => {
  const seat = new Seat().join();
  for (let i = 0; i < 100; ++i) {
    seat.pass(100_000);
    assert.ok(!seat.session.shield.wantsLink(seat.nowUs));
    seat.hear(pong(0n, 0n));
  }
});

test("a shield joins for its seat, after the first connection", () => {
  const seat = new ShieldedSeat();
  assert.ok(!seat.session.shield.wantsLink(seat.nowUs + 10e6));
  seat.joinShielded();
  const [join, ...more] = bodiesOf(seat.copies, wire.Body.Join, () => new wire.Join());
  assert.deepEqual([join.mode(), join.roomId(), join.session(), join.haveTerm(), more.length], [wire.JoinMode.Shield, "r", "secret", 1, 0]);
});

test("the copy that comes first is applied", () => {
  const seat = new ShieldedSeat().joinShielded();
  seat.copy(event(11, 1, "a"));
  seat.hear(event(11, 1, "a"), event(12, 2, "b"));
  seat.copy(event(12, 2, "b"), event(14, 4, "d")); // 13 is on its way on either
  assert.equal(seat.session.mirror.tick, 12);
  seat.copy(event(13, 3, "c"));
  seat.hear(event(13, 3, "c"), event(14, 4, "d"));
  assert.deepEqual(seat.ticks, [10, 11, 12, 13, 14]);
  assert.deepEqual(seat.heard, ["a", "b", "c", "d"]);
  assert.deepEqual([seat.session.stats.frames, seat.session.stats.copies, seat.session.stats.shielded], [5, 4, 2]);
});

test("Yours may come after the copy of its frame: it counts at once", () => {
  const seat = new ShieldedSeat().joinShielded();
  const seq = seat.session.actions.set(7, "Body", { at: { x: 9 } });
  seat.pass(1);
  seat.copy(moves(11, 10, 8), moves(12, 11, 8));
  assert.equal(seat.x, 9, "its own, until it is confirmed");
  seat.hear(yours(11, seq, mine));
  assert.deepEqual([seat.x, seat.heard], [8, ["mine"]]);
  seat.hear(moves(11, 10, 8), moves(12, 11, 8));
  assert.deepEqual([seat.session.mirror.tick, seat.heard.length], [12, 1]);
});

test("a Yours that waits is applied with the copy of its frame, or of a later one", () => {
  const seat = new ShieldedSeat().joinShielded();
  seat.hear(yours(11, 0, mine));
  seat.copy(moves(10, 9, 1));
  assert.deepEqual(seat.heard, [], "an old copy takes nothing");
  seat.copy(moves(11, 10, 2));
  assert.deepEqual(seat.heard, ["mine"]);
  seat.hear(moves(11, 10, 2));
  assert.equal(seat.heard.length, 1);
  seat.hear(yours(12, 0, { direct: [{ data: "more" }], directFirst: 2 }));
  seat.copy(moves(13, 11, 3));
  assert.deepEqual(seat.heard, ["mine", "more"]);
  seat.hear(yours(15, 0, { direct: [{ data: "last" }], directFirst: 3 }));
  seat.copy(moves(15, 14, 4)); // of no use, and leaves it
  seat.hear(moves(15, 13, 4));
  assert.deepEqual(seat.heard, ["mine", "more", "last"]);
});

test("a copy whose events follow a Yours waits for it", () => {
  const seat = new ShieldedSeat().joinShielded();
  seat.session.listeners.error.add(() => {});
  seat.copy(event(11, 5, "e"));
  assert.equal(seat.session.mirror.tick, 10);
  seat.hear(yours(11, 0, { lost: 4, event: 4 }));
  seat.copy(event(11, 5, "e"));
  assert.deepEqual([seat.session.mirror.tick, seat.heard], [11, ["e"]]);
});

test("the events of a frame that a copy passed are not lost", () => {
  const seat = new ShieldedSeat().joinShielded();
  // From a lower base than the frame before it, and with fewer events.
  const later = moves(12, 10, 3, { kind: wire.FrameKind.CatchUp, eventFirst: 1, events: [{ data: "a" }] });
  const before = moves(11, 10, 2, { eventFirst: 1, events: [{ data: "a" }, { data: "b" }] });
  seat.copy(later);
  assert.equal(seat.session.mirror.tick, 12);
  seat.copy(event(13, 3, "c"));
  assert.equal(seat.session.mirror.tick, 12, "its events do not follow");
  seat.hear(moves(11, 10, 2, { eventFirst: 3, events: [{ data: "c" }] }));
  assert.deepEqual(seat.heard, ["a"], "nor do these");
  seat.hear(before, later);
  assert.deepEqual(seat.heard, ["a", "b"]);
  seat.hear(event(13, 3, "c"));
  assert.deepEqual([seat.session.mirror.tick, seat.heard], [13, ["a", "b", "c"]]);
});

test("it acknowledges on both once a copy came", () => {
  const seat = new ShieldedSeat().joinShielded();
  seat.link.sent = [];
  seat.hear(moves(11, 10, 2));
  seat.pass(200_000);
  assert.deepEqual([seat.updates.length, seat.acks], [1, []], "the relay may not have taken it yet");
  seat.copy(moves(12, 11, 3));
  seat.pass(50_000);
  seat.pass(60_000);
  assert.equal(seat.acks.pop(), 12);
  assert.equal(seat.updates.pop()?.ack()?.tick(), 12, "on the first, too");
});

test("a lost shield is opened anew after a pause, a refused one not before the next Welcome", () => {
  const seat = new ShieldedSeat().joinShielded();
  seat.session.shield.closed(1006, "", seat.nowUs);
  assert.equal(seat.session.phase, "joined");
  assert.ok(!seat.session.shield.wantsLink(seat.nowUs));
  assert.ok(seat.session.dueUs <= seat.nowUs + 1_000_000, "the timer knows");
  seat.raise();
  seat.session.shield.closed(4411, "", seat.nowUs);
  assert.ok(!seat.wants(20_000_000));
  seat.session.closed(1006, "", seat.nowUs);
  seat.pass(1_000_000);
  seat.dial();
  seat.hear(welcome({ resumed: true, layout: null }));
  assert.ok(seat.wants());
});

test("it goes with the first connection, and when the game leaves", () => {
  const seat = new ShieldedSeat().joinShielded();
  seat.session.closed(1006, "", seat.nowUs);
  assert.equal(seat.copies.closed, 1000);
  seat.pass(100_000);
  assert.ok(!seat.session.shield.wantsLink(seat.nowUs + 10e6));
  const leaver = new ShieldedSeat().joinShielded();
  leaver.session.leave();
  leaver.pass(1);
  leaver.session.closed(1000, "left", leaver.nowUs);
  assert.deepEqual([leaver.session.phase, leaver.copies.closed], ["left", 1000]);
});

test("a silent one is given up", () => {
  const seat = new ShieldedSeat().joinShielded();
  for (let i = 0; i < 30; ++i) {
    seat.live(1_000_000);
    seat.copy(pong(0n, 0n));
  }
  assert.equal(seat.copies.closed, undefined, "it is answered");
  assert.ok(bodiesOf(seat.copies, wire.Body.Ping, () => new wire.Ping()).length >= 10);
  for (let i = 0; i < 6; ++i) seat.live(1_000_000);
  assert.deepEqual([seat.copies.closed, seat.session.phase], [1000, "joined"]);
  assert.ok(seat.wants());
});

test("hostile bytes on it end it alone", () => {
  for (const bad of [moves(11, 10, 2).slice(0, 60), null, new Uint8Array(3), new Uint8Array(64).fill(65)]) {
    const seat = new ShieldedSeat().joinShielded();
    seat.copy(bad as Uint8Array);
    seat.pass(1);
    assert.deepEqual([seat.copies.closed, seat.session.phase, seat.session.mirror.tick], [4400, "joined", 10]);
    assert.ok(!seat.wants(20_000_000));
  }
  const seat = new ShieldedSeat().joinShielded();
  seat.copy(frame({ tick: 11, base: 10, columns: [{ component: note, ids: [7], values: new Uint8Array(9), lengths: [4] }] }));
  assert.deepEqual([seat.session.phase, seat.session.leaveCode], ["left", 4400], "a frame that cannot be would have been as bad on the first");
});

test("nothing is applied while the whole is asked for", () => {
  const seat = new ShieldedSeat();
  seat.join({ codec: wire.Codec.Packed }).raise();
  seat.hear(frame({ tick: 5, base: 4 })); // of a stream that it is not in
  const asked = () => seat.bodies(wire.Body.Resync, () => new wire.Resync()).length;
  assert.equal(asked(), 0, "it does not fit");
  const packed = new Uint8Array(4).fill(255); // every bit is 0: nothing is there
  seat.hear(frame({ tick: 5, packed }), frame({ tick: 6, base: 5 }));
  assert.equal(asked(), 1);
  seat.nowUs += 3_000_000;
  seat.copy(frame({ tick: 7, packed }));
  assert.deepEqual([seat.session.frameTick, asked()], [0, 1]);
  seat.hear(resync());
  seat.copy(frame({ tick: 8, packed }));
  assert.equal(seat.session.frameTick, 8);
});

test("a hidden page says so on each connection, hurries less with acknowledgements and needs no shield", () => {
  const seat = new ShieldedSeat().joinShielded();
  const paces = () => seat.bodies(wire.Body.Pace, () => new wire.Pace()).map((pace) => pace.bytesPerS());
  const updates = () => seat.updates.length;
  seat.session.setHidden(true, seat.nowUs);
  seat.pass(1);
  assert.deepEqual([paces(), seat.copies.closed, seat.wants(5_000_000)], [[700], 1000, false]);
  const before = updates();
  seat.hear(moves(11, 10, 2));
  seat.pass(499_000);
  assert.equal(updates(), before);
  seat.pass(1_000);
  assert.equal(updates(), before + 1);
  seat.session.closed(1006, "", seat.nowUs);
  seat.pass(1_000_000);
  seat.dial();
  seat.link.sent = [];
  seat.hear(welcome({ resumed: true, layout: null }));
  assert.deepEqual(paces(), [700], "it ends with the connection");
  assert.ok(!seat.wants(5_000_000));
  seat.session.setHidden(false, seat.nowUs);
  seat.pass(1);
  assert.deepEqual([paces(), seat.wants()], [[700, 0], true]);
});
