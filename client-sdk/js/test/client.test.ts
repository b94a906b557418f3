// What a Client makes of its options and of the platform, with WebSockets that the test holds.
import assert from "node:assert/strict";
import { test } from "node:test";
import { Client } from "../src/client.js";
import { ClientOptions } from "../src/types.js";
import { said, welcome } from "./bytes.js";
import { until } from "./wait.js";
import * as wire from "./wire/index.js";

class TestSocket {
  static all: TestSocket[] = [];
  binaryType = "";
  bufferedAmount = 0;
  sent: wire.Message[] = [];
  closed = false;
  onopen: (() => void) | null = null;
  onmessage: ((event: { data: unknown }) => void) | null = null;
  onclose: ((event: { code: number; reason: string }) => void) | null = null;
  onerror: (() => void) | null = null;

  constructor(readonly url: string, readonly protocols: string) { TestSocket.all.push(this); }
  send(data: Uint8Array): void { this.sent.push(said(data)); }
  close(): void { this.closed = true; }
}

class TestPage {
  visibilityState = "visible";
  calls: (() => void)[] = [];
  addEventListener(_: string, call: () => void): void { this.calls.push(call); }
  removeEventListener(_: string, call: () => void): void { this.calls = this.calls.filter((each) => each !== call); }
  show(state: string): void {
    this.visibilityState = state;
    this.calls.forEach((call) => call());
  }
}

async function joined(page: TestPage, options: ClientOptions = {}) {
  TestSocket.all = [];
  const client = new Client("ws://relay:1/", { WebSocket: TestSocket as never, platform: { visibility: page, random: () => 0 }, ...options });
  const joining = client.joinOrCreate("t");
  const [socket] = TestSocket.all;
  socket.onopen?.();
  socket.onmessage?.({ data: welcome().buffer });
  return { room: await joining, socket };
}

const paces = (socket: TestSocket) => socket.sent.filter((message) => message.bodyType() === wire.Body.Pace).map((message) => (message.body(new wire.Pace()) as wire.Pace).bytesPerS());

test("a page that is hidden says so at once, and when it is looked at again; not where that is switched off", async () => {
  const page = new TestPage();
  const { room, socket } = await joined(page);
  page.show("hidden");
  page.show("visible");
  assert.deepEqual(paces(socket), [700, 0]);
  socket.onclose?.({ code: 4440, reason: "kicked" });
  await until("the end", () => room.phase === "left"); // what comes right after a join waits for who awaits it
  assert.equal(page.calls.length, 0, "nothing is left behind");

  const other = await joined(page, { backgroundMode: false });
  page.show("hidden");
  assert.deepEqual([page.calls.length, paces(other.socket)], [0, []]);
  other.socket.onclose?.({ code: 4440, reason: "kicked" });
});

test("a page that joins while it is hidden says so, too", async () => {
  const page = new TestPage();
  page.visibilityState = "hidden";
  const { socket } = await joined(page);
  await until("the pace", () => paces(socket).length > 0);
  assert.deepEqual(paces(socket), [700]);
  socket.onclose?.({ code: 4440, reason: "kicked" });
});

test("a loss shield is a second WebSocket to the same URL, closed with the first", async () => {
  const { room, socket } = await joined(new TestPage(), { lossShield: true });
  await until("the shield", () => TestSocket.all.length === 2);
  const [, shield] = TestSocket.all;
  assert.deepEqual([shield.url, shield.protocols], ["ws://relay:1/v1", "tickrelay.v1"]);
  shield.onopen?.();
  await until("its Join", () => shield.sent.length > 0);
  assert.equal((shield.sent[0].body(new wire.Join()) as wire.Join).mode(), wire.JoinMode.Shield);
  socket.onclose?.({ code: 4440, reason: "kicked" });
  await until("the end", () => room.phase === "left");
  assert.ok(shield.closed);
});
