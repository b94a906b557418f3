// What a game hands to the SDK and takes back: call-backs, payloads, answers that come late.
import assert from "node:assert/strict";
import { test } from "node:test";
import { write } from "../src/buffer/write.js";
import { Client } from "../src/client.js";
import { Root } from "../src/wire/index.js";
import * as wire from "./wire/index.js";
import { frame, owners, yours } from "./bytes.js";
import { Player } from "./player.js";

const message = (type: string, request = 0) => ({ kind: wire.EventKind.Message, player: 2, type, request });
const nextTurn = () => new Promise((resolve) => setImmediate(resolve));

test("a payload is copied when it is given, a Node Buffer too", () => {
  const player = new Player().whole(21, 10);
  const bytes = Buffer.from([1]);
  player.room.send("n", bytes);
  bytes[0] = 2;
  player.room.send("n", bytes);
  player.pass(1);
  assert.deepEqual(player.actions.map((action) => [...(action.dataArray() ?? [])]), [[1], [2]]);
});

test("ending a call-back ends that registration alone, and at once", () => {
  const player = new Player().whole(21, 10);
  const { room } = player;
  const heard: string[] = [];
  const endFirst = room.onMessage("x", () => heard.push("first"));
  endFirst();
  const second = () => heard.push("second");
  room.onMessage("x", second);
  const endTwin = room.onMessage("x", second);
  endFirst();
  endTwin();
  room.onRequest("y", () => "a")();
  const endRequest = room.onRequest("y", () => "b");
  endRequest();
  room.onRequest("y", () => void heard.push("asked") as never);
  endRequest();
  player.at(22).hear(yours(21, 0, { directFirst: 1, direct: [message("x"), message("y", 9)] }));
  assert.deepEqual(heard, ["second", "asked"]);

  let added = 0;
  const endAdd = player.session.listeners.changes.on("add", "Body", () => {
    ++added;
    endAdd();
  });
  player.pass(1);
  assert.equal(added, 1, "two bodies were there");
});

test("a join that was there is not told of after the end", async () => {
  const player = new Player();
  const bytes = write(Root.Player, "", { connected: true, number: 1, id: "ada" });
  player.at(21).hear(frame({ tick: 21, columns: [{ component: 0, ids: [7], values: owners(1) }, { component: 1, ids: [7], values: bytes, lengths: [bytes.length] }] }));
  let told = 0;
  player.room.onPlayerJoin(() => ++told);
  player.room.onPlayerJoin(() => ++told)();
  await nextTurn();
  assert.equal(told, 1);
});

test("an answer that comes after the room was left goes nowhere", async () => {
  const player = new Player().whole(21, 10);
  let answer: (text: string) => void = () => {};
  player.room.onRequest("slow", () => new Promise<string>((resolve) => (answer = resolve)));
  player.hear(yours(21, 0, { directFirst: 1, direct: [message("slow", 5)] }));
  const thrown: unknown[] = [];
  const take = (error: unknown) => thrown.push(error);
  process.on("uncaughtException", take);
  player.session.closed(4422, "kicked", player.nowUs);
  answer("late");
  await nextTurn();
  process.off("uncaughtException", take);
  assert.equal(player.session.phase, "left");
  assert.deepEqual(thrown, []);
});

test("a seat that was made again has another entity, which is told of before the old one goes", () => {
  const player = new Player();
  const at = (tick: number, entity: number) => {
    const bytes = write(Root.Player, "", { connected: true, number: 1, id: "ada" });
    player.at(tick).hear(frame({ tick, columns: [{ component: 0, ids: [entity], values: owners(1) }, { component: 1, ids: [entity], values: bytes, lengths: [bytes.length] }] }));
  };
  const left: string[] = [];
  player.room.onPlayerLeave(({ id }) => left.push(id));
  at(21, 7);
  at(22, 9);
  assert.deepEqual(player.room.players.map(({ number, entity }) => [number, entity]), [[1, 9]]);
  player.pass(2_000_000);
  assert.deepEqual(left, []);
});

test("actions of a call-back answer the inputs that were told up to then, and not fewer", () => {
  const player = new Player().whole(21, 10);
  player.pass(200_000);
  player.link.sent = [];
  player.room.onInput((input) => void player.room.send(`for ${input.player}`, ""));
  const input = (of: number) => ({ kind: wire.EventKind.Input, player: of });
  player.hear(yours(21, 0, { directFirst: 1, direct: [input(2), input(3), input(4)] }));
  assert.equal(player.actions.length, 3);
  assert.equal(player.updates[0].ack()?.direct(), 3);
});

test("rooms() rejects where the socket cannot be made, with an error of the SDK's", async () => {
  const client = new Client("ws://relay/v1", {
    WebSocket: class {
      constructor() { throw new Error("insecure"); }
    } as never,
  });
  await assert.rejects(client.rooms(), /rooms: connection_lost: insecure/);
  await assert.rejects(client.rooms({ type: "t", metadata: "x".repeat(5000) as never }), /metadata/);
});
