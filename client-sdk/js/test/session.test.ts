// The protocol of one seat, against bytes that flatc's classes build; time and the connection are the test's.
import assert from "node:assert/strict";
import { test } from "node:test";
import { write } from "../src/buffer/write.js";
import { returnSlotUs } from "../src/session/backoff.js";
import { Patience } from "../src/session/patience.js";
import { Message } from "../src/types.js";
import { Root } from "../src/wire/index.js";
import * as wire from "./wire/index.js";
import { bodies, body, components, frame, moved, note, owners, pong, resync, welcome, yours } from "./bytes.js";
import { Seat, moves, whole } from "./seat.js";

test("a frame is applied only if its base is not above what is there, and its tick is", () => {
  const seat = new Seat().join();
  seat.hear(moves(11, 10, 5));
  assert.equal(seat.session.stats.discarded, 1);
  seat.hear(whole(12, 10), moves(13, 12, 20), moves(13, 12, 30), moves(20, 14, 40));
  assert.deepEqual([seat.x, seat.session.mirror.tick, seat.session.stats.discarded], [20, 13, 3]);
  seat.hear(moves(21, 9, 50));
  assert.equal(seat.x, 50);
});

test("a whole frame forgets what it does not tell; lists of the removed and the alive remove", () => {
  const seat = new Seat().join();
  const two = [{ component: 0, ids: [7, 8], values: owners(1, 1) }, { component: note, ids: [8], values: Buffer.from("hello"), lengths: [5] }];
  seat.hear(frame({ tick: 1, columns: two }));
  assert.equal(Buffer.from(seat.session.mirror.row(note, 8)?.shown() as Uint8Array).toString(), "hello");
  seat.hear(frame({ tick: 2, base: 1, removed: [8, 99] }));
  assert.deepEqual([...seat.session.mirror.entities], [7]);
  seat.hear(frame({ tick: 3, columns: two }), frame({ tick: 4, base: 3, alive: [8] }));
  assert.deepEqual([...seat.session.mirror.entities], [8]);
  seat.hear(whole(5, 1));
  assert.deepEqual([...seat.session.mirror.entities], [7]);
});

test("frames are acknowledged with what is sent, alone after the interval, at once where they are no Stream frames", () => {
  const seat = new Seat().join();
  seat.hear(whole(10, 1));
  assert.deepEqual(seat.updates.map((update) => update.ack()?.tick()), [10]);
  seat.hear(moves(11, 10, 2));
  seat.pass(99_000);
  assert.equal(seat.updates.length, 1);
  assert.ok(seat.session.dueUs <= seat.nowUs + 1000);
  seat.pass(1000);
  assert.deepEqual(seat.updates.map((update) => update.ack()?.tick()), [10, 11]);
  seat.hear(moves(12, 11, 3));
  seat.session.actions.send("x", "", undefined);
  seat.pass(1);
  assert.equal(seat.updates[2].ack()?.tick(), 12);
  seat.pass(200_000);
  assert.equal(seat.updates.length, 3, "it has been said");
});

test("Yours waits for its frame, counts for its events, and goes with it where it is discarded", () => {
  const seat = new Seat().join({ event: 5 });
  const heard: string[] = [];
  for (const type of ["chat", "direct"]) {
    seat.session.listeners.messages.set(type, { tell: (message: Message) => heard.push(message.text) } as never);
  }
  const lost: string[] = [];
  seat.session.listeners.error.add((error) => lost.push(error.label));
  seat.hear(whole(10, 1, { eventFirst: 5, events: [{ data: "old" }, { data: "six" }] }));
  seat.hear(yours(11, 0, { event: 20, lost: 13, direct: [{ type: "direct", data: "d1" }], directFirst: 1 }));
  assert.deepEqual(heard, ["six"]);
  seat.hear(moves(11, 10, 2, { eventFirst: 21, events: [{ data: "twenty-one" }, { data: "own", player: 1, skip: true }] }));
  assert.deepEqual([heard, lost], [["six", "twenty-one", "d1"], ["events_lost"]]);
  seat.hear(yours(11, 0, { event: 25, lost: 0 }));
  assert.deepEqual(lost, ["events_lost"], "numbers that nobody had are passed over in silence");
  seat.hear(yours(12, 0, { direct: [{ type: "direct", data: "d1" }, { type: "direct", data: "d2" }], directFirst: 1 }), moves(12, 10, 3));
  assert.deepEqual(heard.slice(3), ["d2"]);
  seat.hear(yours(14, 3), moves(14, 13, 9), moves(14, 12, 4));
  assert.equal(seat.session.mirror.tick, 14);
  seat.hear(yours(14, 0, { direct: [{ type: "direct", data: "alone" }], directFirst: 3 }));
  assert.equal(heard[4], "alone");
  seat.hear(moves(15, 14, 5, { eventFirst: 30, events: [{ data: "a gap" }] }));
  assert.equal(seat.session.mirror.tick, 14, "a frame whose events leave a gap is discarded");
});

test("the roster names each seat's entity, wherever the room keeps what it says of the seat", () => {
  const seat = new Seat().join();
  const seats = [{ number: 1, id: "ada" }, { number: 2, id: "bob", entity: 31 }].map((each) => write(Root.Player, "", { connected: true, ...each }));
  const values = Buffer.concat(seats);
  seat.hear(frame({ tick: 5, columns: [{ component: 0, ids: [7, 8], values: owners(1, 2) }, { component: 1, ids: [7, 8], values, lengths: seats.map((each) => each.length) }] }));
  assert.deepEqual(seat.session.roster.players.map(({ number, id, entity }) => [number, id, entity]), [[1, "ada", 7], [2, "bob", 31]]);
});

test("an own value shows at once on the relay's step, holds against older frames, and gives way to the relay's", () => {
  const seat = new Seat().join();
  seat.hear(whole(10, 1));
  const seq = seat.session.actions.set(7, "Body", { at: { x: 33.3 } });
  assert.equal(seat.x, 33.5);
  seat.pass(1);
  const [action] = seat.actions;
  assert.deepEqual([action.kind(), action.seq(), action.entity(), action.component(), action.mask(), action.dataLength()], [wire.ActionKind.Set, seq, 7, body, 1n, 4]);
  assert.deepEqual([...(action.dataArray() ?? [])], [...bodies([33.5, 0, 0n]).slice(0, 4)]);
  seat.hear(moves(11, 10, 2));
  assert.equal(seat.x, 33.5);
  seat.hear(yours(12, seq), moves(12, 11, 34));
  assert.equal(seat.x, 34);
  assert.equal(seat.session.actions.set(7, "Body", { at: { x: 34.1 } }), seq, "nothing differs: nothing is sent");
});

test("a set that was refused goes back to the relay's value, a spawn that was refused goes", () => {
  const seat = new Seat().join();
  seat.hear(whole(10, 1));
  const changes: string[] = [];
  seat.session.listeners.changes.on("change", "Body", (entity, value) => changes.push(`${entity} ${(value as { at: { x: number } }).at.x}`));
  const seq = seat.session.actions.set(7, "Body", { at: { x: 50 } });
  const ghost = seat.session.actions.spawn("Body", { big: 5n });
  assert.equal(ghost, 100);
  seat.pass(1);
  assert.deepEqual(seat.session.mirror.row(body, ghost)?.shown(), { at: { x: 0, y: 0 }, big: 5n });
  seat.hear(yours(11, seq + 1), moves(11, 10, 1));
  assert.deepEqual([seat.x, seat.session.mirror.entities.has(ghost)], [1, false]);
  assert.deepEqual(changes, ["7 50", "7 1"]);
});

test("sets merge while they wait; after a despawn of the entity they do not move before it", () => {
  const seat = new Seat().join();
  seat.hear(whole(10, 1));
  seat.link.full = true;
  const first = seat.session.actions.set(7, "Body", { at: { x: 2 } });
  assert.equal(seat.session.actions.set(7, "Body", { at: { y: 9 } }), first);
  seat.session.actions.claim(7);
  const third = seat.session.actions.set(7, "Body", { at: { x: 3 } });
  assert.equal(third, first + 2);
  for (let i = 0; i < 20; ++i) seat.session.actions.input(`${i}`);
  seat.pass(1);
  assert.equal(seat.updates.length, 1, "only the acknowledgement before");
  seat.link.full = false;
  seat.pass(1);
  const kinds = seat.actions.map((action) => action.kind());
  assert.deepEqual(kinds.slice(0, 3), [wire.ActionKind.Set, wire.ActionKind.Claim, wire.ActionKind.Set]);
  assert.deepEqual(seat.actions.slice(3).map((action) => Buffer.from(action.dataArray() ?? []).toString()), ["12", "13", "14", "15", "16", "17", "18", "19"]);
  assert.equal(seat.actions[0].mask(), 3n);
});

test("at most 64 actions and 64 KiB travel in a message", () => {
  const seat = new Seat().join();
  for (let i = 0; i < 70; ++i) seat.session.actions.send("x", "", undefined);
  for (let i = 0; i < 9; ++i) seat.session.actions.send("x", new Uint8Array(16_384), undefined);
  seat.pass(1);
  assert.deepEqual(seat.updates.map((update) => update.actionsLength()), [64, 9, 3, 3]);
  for (const update of seat.updates) assert.ok((update.bb?.bytes().length ?? 0) <= 65_536);
});

test("after a resume what was not applied is sent again under its number, sets under new ones", () => {
  const seat = new Seat().join();
  seat.hear(whole(10, 1));
  const actions = seat.session.actions;
  const numbers = [actions.send("one", "", undefined), actions.set(7, "Body", { at: { x: 5 } }), actions.send("two", "", undefined)];
  actions.spawn("Body", {});
  seat.pass(1);
  assert.deepEqual(numbers, [1, 2, 3]);
  seat.session.closed(1006, "", seat.nowUs);
  assert.equal(seat.session.phase, "dropped");
  actions.send("three", "", undefined);
  assert.ok(!seat.session.wantsLink(seat.nowUs), "first it waits");
  seat.pass(500_000);
  seat.dial();
  const join = seat.link.sent[0].body(new wire.Join()) as wire.Join;
  assert.deepEqual([join.mode(), join.session(), join.haveTerm(), join.haveTick(), join.fingerprint()], [wire.JoinMode.Resume, "secret", 1, 10, 77n]);
  seat.hear(welcome({ resumed: true, applied: 1, layout: null }));
  assert.deepEqual(seat.actions.map((action) => [action.seq(), action.kind(), action.type()]), [
    [3, wire.ActionKind.Message, "two"], [4, wire.ActionKind.Spawn, null], [5, wire.ActionKind.Message, "three"], [6, wire.ActionKind.Set, null],
  ]);
  assert.equal(seat.x, 5);
  seat.hear(moves(12, 10, 1), yours(12, 6));
  assert.equal(seat.x, 1);
});

test("a return slot of the relay's is kept", () => {
  for (const code of [4002, 4005]) {
    const seat = new Seat().join();
    seat.session.closed(code, "overloaded: come back in 3456 ms: too many join at once", seat.nowUs);
    assert.equal(seat.session.wantsLink(seat.nowUs + 3_455_000), false);
    assert.equal(seat.session.wantsLink(seat.nowUs + 3_456_000), true);
  }
  for (const [reason, slotUs] of [["come back soon", undefined], ["come back in -5 ms", undefined], ["come back in 5 s", undefined], ["restarting: come back in 0 ms: x", 0], ["come back in 86400000 ms", 60_000_000]] as const)
    assert.equal(returnSlotUs(reason), slotUs, reason);
});

test("a roll-back counts as nothing there; another seat forgets what was on its way", () => {
  const seat = new Seat().join();
  const told: boolean[] = [];
  seat.session.listeners.reconnect.add(({ rolledBack }) => told.push(rolledBack));
  seat.hear(whole(10, 1));
  seat.session.closed(4002, "restarting", seat.nowUs);
  seat.pass(2_000_000);
  seat.dial();
  seat.hear(welcome({ resumed: true, rolledBack: true, term: 2, ids: [900, 5] }), whole(4, 8));
  assert.deepEqual([seat.x, seat.session.mirror.tick, told], [8, 4, [true]]);
  assert.equal(seat.session.actions.spawn("Body", {}), 900, "ids of the lost term are not used");
  seat.session.actions.set(7, "Body", { at: { x: 50 } });
  seat.session.closed(1006, "", seat.nowUs);
  seat.pass(2_000_000);
  seat.dial();
  seat.hear(welcome({ term: 2 }), whole(5, 3));
  assert.equal(seat.x, 3);
  assert.deepEqual(seat.actions, []);
});

test("a Resync is asked for where the stream is lost, again after 1.2 s, and ends with the relay's answer", () => {
  const seat = new Seat().join({ codec: wire.Codec.Packed });
  const empty = (tick: number, base: number, flags = 0) => frame({ tick, base, flags });
  const packed = new Uint8Array(4).fill(255); // every bit is 0: nothing is there
  const hashed = Uint8Array.of(1, 0, 0, 0, ...packed); // nothing has the hash 1
  const asked = () => seat.bodies(wire.Body.Resync, () => new wire.Resync()).map((each) => each.tick());
  seat.hear(frame({ tick: 10, packed }), empty(11, 10));
  assert.deepEqual([asked(), seat.session.stats.resyncs], [[11], 1]);
  seat.hear(frame({ tick: 12, packed }), yours(13, 0));
  assert.equal(seat.session.mirror.tick, 10, "nothing counts until the answer");
  seat.nowUs += 1_200_000;
  seat.hear(empty(14, 13));
  assert.deepEqual(asked(), [11, 14]);
  seat.hear(resync(), frame({ tick: 15, flags: 1, packed: hashed }), empty(16, 15), resync(), frame({ tick: 17, flags: 1, packed: hashed }));
  assert.deepEqual([seat.session.mirror.tick, seat.session.stats.resyncs], [17, 2]);
});

test("close codes below 4400 and broken connections come back, others end", () => {
  for (const [code, phase] of [[1001, "dropped"], [1006, "dropped"], [4000, "dropped"], [4005, "dropped"], [4399, "dropped"], [4400, "left"], [4409, "left"], [4450, "left"], [1000, "left"]] as const) {
    const seat = new Seat().join();
    seat.session.closed(code, "", seat.nowUs);
    assert.equal(seat.session.phase, phase, String(code));
  }
});

test("after moved there is no wait, and the new URL is dialled; grace time over, it ends", () => {
  const seat = new Seat().join();
  seat.hear(moved("ws://other:1/n/2"));
  seat.session.closed(4001, "moved", seat.nowUs);
  assert.deepEqual([seat.session.url, seat.session.wantsLink(seat.nowUs)], ["ws://other:1/n/2/v1", true]);
  seat.pass(30_000_000);
  assert.deepEqual([seat.session.phase, seat.session.leaveCode], ["left", 4411]);
});

test("where the room is not now the first address is asked, and grace begins when nobody says that it lives", () => {
  const seat = new Seat().join();
  const lose = (code: number) => {
    seat.session.closed(code, "", seat.nowUs);
    return seat.session.url;
  };
  const there = "ws://other:1/n/2/v1";
  seat.hear(moved("ws://other:1/n/2"));
  assert.equal(lose(4001), there);
  seat.dial();
  seat.hear(welcome({ resumed: true }));
  assert.equal(lose(4000), there, "it may go on there");
  const droppedUs = seat.nowUs;
  seat.pass(1_000_000);
  seat.dial();
  assert.equal(lose(4005), there, "it is there");
  seat.pass(2_000_000);
  seat.dial();
  assert.equal(lose(4000), "ws://relay/v1");
  let refusedUs = 0;
  while (seat.session.phase === "dropped") {
    seat.pass(500_000);
    if (!seat.session.wantsLink(seat.nowUs)) continue;
    seat.dial();
    const lives = seat.nowUs - droppedUs < 90_000_000;
    if (lives) refusedUs = seat.nowUs;
    lose(lives ? 4000 : 1006);
  }
  assert.ok(refusedUs - droppedUs > 80_000_000);
  assert.ok(seat.nowUs - refusedUs >= 30_000_000 && seat.nowUs - refusedUs < 40_000_000);
});

test("a relay that is silent for five seconds is dropped; a program that slept is forgiven once", () => {
  const seat = new Seat().join();
  seat.hear(whole(10, 1));
  seat.pass(2_000_000);
  seat.pass(2_000_000);
  seat.pass(999_999);
  assert.equal(seat.session.phase, "joined");
  seat.pass(1);
  assert.deepEqual([seat.session.phase, seat.link.closed], ["dropped", 1000]);
  const sleeper = new Seat().join();
  sleeper.hear(whole(10, 1));
  sleeper.pass(60_000_000);
  assert.equal(sleeper.session.phase, "joined");
  sleeper.pass(1_000_000);
  assert.equal(sleeper.session.phase, "dropped");
});

test("the first frame may take longer than that, and what took too long gets more time the next time", () => {
  const patience = new Patience();
  assert.deepEqual([patience.us(0), patience.us(10)], [20_000_000, 5_000_000]);
  patience.ended(10);
  patience.ended(10);
  assert.equal(patience.us(10), 20_000_000);
  for (let i = 0; i < 9; ++i) patience.ended(10);
  assert.equal(patience.us(10), 80_000_000);
  assert.equal(patience.us(11), 5_000_000, "a frame came");
  const seat = new Seat().join();
  for (let i = 0; i < 19; ++i) seat.pass(1_000_000);
  assert.equal(seat.session.phase, "joined");
  seat.pass(1_000_000);
  assert.equal(seat.session.phase, "dropped");
});

test("pings come fast at first, then slow, and set the clock by the least round trip without a jump", () => {
  const seat = new Seat();
  const { session } = seat;
  seat.dial();
  seat.nowUs += 200_000; // the relay took its time over the Welcome
  seat.hear(welcome({ serverUs: 8_150_000n }));
  for (let i = 0; i < 12; ++i) {
    while (seat.bodies(wire.Body.Ping, () => new wire.Ping()).length <= i) seat.pass(Math.max(1, session.dueUs - seat.nowUs));
    const [ping] = seat.bodies(wire.Body.Ping, () => new wire.Ping()).slice(-1);
    const trip = i === 3 ? 10_000 : 80_000;
    const sent = Number(ping.clientUs());
    seat.nowUs = sent + trip; // the relay answers 5 ms before, so a long trip misleads
    seat.hear(pong(ping.clientUs(), BigInt(sent + trip - 5_000 + 7_000_000)));
  }
  const sent = seat.bodies(wire.Body.Ping, () => new wire.Ping()).map((ping) => Number(ping.clientUs()));
  assert.deepEqual(sent.slice(1).map((us, i) => us - sent[i]), [...new Array<number>(5).fill(100_000), ...new Array<number>(6).fill(2_000_000)]);
  assert.ok(Math.abs(session.clock.relayUs(seat.nowUs) - (seat.nowUs + 7_000_000)) < 100);
  assert.ok(session.clock.roundTripUs > 60_000);
});

test("leave says so when all is sent, and ends with the relay's close or after two seconds", () => {
  const seat = new Seat().join();
  seat.session.actions.send("last", "words", undefined);
  seat.session.leave();
  seat.pass(1);
  assert.deepEqual(seat.link.sent.slice(-1).map((message) => message.bodyType()), [wire.Body.Leave]);
  assert.equal(seat.actions.length, 1);
  seat.session.closed(1000, "left", seat.nowUs);
  assert.deepEqual([seat.session.phase, seat.session.leaveCode], ["left", 1000]);
  const deaf = new Seat().join();
  deaf.session.leave();
  deaf.pass(1);
  deaf.pass(2_000_000);
  assert.equal(deaf.session.phase, "left");
});

test("what no relay says ends with protocol_error", () => {
  const cases: [string, Uint8Array | null][] = [
    ["text", null], ["nothing", new Uint8Array(0)], ["noise", new Uint8Array(64).fill(65)], ["a second welcome", welcome()],
    ["a component beyond the layout", frame({ tick: 5, columns: [{ component: 99, ids: [1], values: owners(1) }] })],
    ["too few values", frame({ tick: 5, columns: [{ component: body, ids: [1, 2], values: bodies([1, 2, 3n]) }] })],
    ["too many values", frame({ tick: 5, columns: [{ component: 0, ids: [1], values: owners(1, 2) }] })],
    ["a mask of more fields", frame({ tick: 5, columns: [{ component: body, ids: [1], masks: [8], values: owners(1) }] })],
    ["a mask too few", frame({ tick: 5, columns: [{ component: body, ids: [1, 2], masks: [1], values: owners(1) }] })],
    ["no lengths", frame({ tick: 5, columns: [{ component: note, ids: [1], values: owners(1) }] })],
    ["a length too much", frame({ tick: 5, columns: [{ component: note, ids: [1], values: owners(1), lengths: [5] }] })],
    ["packed bytes", frame({ tick: 5, packed: owners(1) })],
    ["too many entities", frame({ tick: 5, columns: [{ component: 0, ids: Array.from({ length: 16_385 }, (_, i) => i), values: owners(...new Array<number>(16_385).fill(0)) }] })],
    ["a clock in another age", pong(0n, 2n ** 54n)],
    ["a bad new URL", moved("http://elsewhere")],
  ];
  for (const [what, bytes] of cases) {
    const seat = new Seat().join();
    seat.hear(...([bytes] as Uint8Array[]));
    assert.deepEqual([seat.session.phase, seat.session.leaveCode, seat.link.closed], ["left", 4400, 4400], what);
  }
});

test("a layout that cannot be, and a codec of later times, end the join", () => {
  const [owner, player, room, first] = components;
  const field = { name: "x", type: wire.FieldType.Float32, offset: 0 };
  const broken = [
    [owner, player], [player, owner, room], [owner, player, room, first, first], [owner, player, room, { ...first, fields: [] }],
    [owner, player, room, { name: "a.B", bytes: 4, fields: [{ ...field, offset: 1 }] }],
    [owner, player, room, { name: "a.B", bytes: 4, fields: [{ ...field, type: 40 as wire.FieldType }] }],
    [owner, player, room, { name: "a.B", bytes: 8, fields: [field, { ...field, offset: 4 }] }],
    [owner, player, room, { name: "a.B", bytes: 4, fields: [{ ...field, name: "v[3]" }] }],
    [owner, player, room, { name: "a.B", bytes: 4, fields: [{ ...field, name: "__proto__.x" }] }],
    [owner, player, room, { name: "a.B", bytes: 4, fields: [{ ...field, flags: 1, precision: 0 }] }],
  ];
  for (const layout of broken) {
    const seat = new Seat();
    seat.dial();
    seat.hear(welcome({ layout }));
    assert.deepEqual([seat.session.phase, seat.session.leaveCode], ["left", 4400], JSON.stringify(layout));
  }
  const seat = new Seat();
  seat.dial();
  seat.hear(welcome({ codec: 9 as wire.Codec }));
  assert.equal(seat.session.leaveCode, 4406);
});
