// A client written from schema/PROTOCOL.md and protocol.fbs alone: it shares no line with our SDKs.
import { EventEmitter } from "node:events";
import { ByteBuffer } from "flatbuffers";
import WebSocket from "ws";
import * as wire from "./wire";
import { Action, Closed, Have, Heard, Join, Room } from "./messages";
import { encodeJoin, encodeLeave, encodeListRooms, encodePing, encodeUpdate } from "./messages";
import { Mirror } from "./mirror";
import { Fields, packFields, readLayout } from "./values";

interface Waiter {
  resolve(value: unknown): void;
  reject(error: Error): void;
}

const repeated = new Set([
  wire.ActionKind.Set, wire.ActionKind.Spawn, wire.ActionKind.Despawn, wire.ActionKind.Claim, wire.ActionKind.Message,
  wire.ActionKind.Answer,
]);

// Emits "change" after whatever it received, "event" (Heard), "failure" (seq, label), "close" (Closed).
export class Client extends EventEmitter {
  readonly mirror = new Mirror();
  welcome!: wire.Welcome;
  applied = 0; // actions up to here are in the mirror or were refused
  eventsLost = 0;
  framesDiscarded = 0;
  private event = 0;
  private direct = 0;
  private seq = 0;
  private fingerprint = 0n;
  private nextId = 0;
  private ids: { first: number; count: number }[] = [];
  private unapplied: Action[] = [];
  private yours: wire.Yours | null = null;
  private ackTimer: NodeJS.Timeout | null = null;
  private waiting = new Map<string, Waiter>();
  private socket!: WebSocket;
  private queries = 0;
  private muted = false;

  constructor(readonly url: string) {
    super();
    this.setMaxListeners(0);
  }

  get player(): number { return this.welcome.player(); }
  get entity(): number { return this.welcome.entity(); }
  get have(): Have { return { tick: this.mirror.tick, event: this.event, direct: this.direct }; }

  // ---- connection

  async open(): Promise<this> {
    const socket = new WebSocket(`${this.url}/v1`, "tickrelay.v1", { perMessageDeflate: false });
    this.socket = socket;
    await new Promise((resolve, reject) => socket.once("open", resolve).once("error", reject));
    socket.on("error", () => {}); // a close follows
    socket.on("message", (data: Buffer) => {
      if (socket === this.socket) this.receive(new ByteBuffer(new Uint8Array(data))); // copied: aligned
    });
    socket.on("close", (code, reason) => {
      if (socket === this.socket) this.closed({ code, reason: reason.toString() });
    });
    return this;
  }

  join(join: Join): Promise<wire.Welcome> {
    this.raw(encodeJoin({ fingerprint: this.fingerprint, ...join }));
    return this.wait("welcome");
  }

  // After a lost connection: the same seat, and nothing twice.
  async resume(): Promise<wire.Welcome> {
    const { welcome, have } = this;
    const join = { mode: wire.JoinMode.Resume, roomId: welcome.roomId()!, session: welcome.session()! };
    await this.open();
    return this.join({ ...join, term: welcome.term(), have });
  }

  leave(): void { this.raw(encodeLeave()); }

  // As a cable that is pulled.
  cut(): void { this.socket.terminate(); }

  // Acknowledges nothing from here on.
  mute(): void { this.muted = true; }

  raw(bytes: Uint8Array | string): void { this.socket.send(bytes); }

  async ping(clientUs: bigint): Promise<wire.Pong> {
    this.raw(encodePing(clientUs));
    return this.wait(`pong ${clientUs}`);
  }

  async rooms(type = "", metadata = ""): Promise<Room[]> {
    const request = ++this.queries;
    this.raw(encodeListRooms(request, type, metadata));
    const list = await this.wait<wire.RoomList>(`rooms ${request}`);
    return Array.from({ length: list.roomsLength() }, (_, i) => {
      const room = list.rooms(i)!;
      return { id: room.roomId()!, type: room.type()!, players: room.players(), maxPlayers: room.maxPlayers() };
    });
  }

  // ---- actions; each returns its seq

  set(entity: number, component: string, fields: Fields, asGiven = false): number {
    const what = this.mirror.component(component);
    return this.act({ kind: wire.ActionKind.Set, entity, component: what.index, ...packFields(what, fields, asGiven) });
  }

  replace(entity: number, component: string, data: Uint8Array): number {
    return this.act({ kind: wire.ActionKind.Set, entity, component: this.mirror.component(component).index, data });
  }

  spawn(component: string, fields: Fields, keep = false): number {
    const what = this.mirror.component(component);
    const flags = keep ? wire.ActionFlags.Keep : 0;
    const entity = this.freeId();
    this.act({ kind: wire.ActionKind.Spawn, entity, component: what.index, flags, ...packFields(what, fields) });
    return entity;
  }

  despawn(entity: number): number { return this.act({ kind: wire.ActionKind.Despawn, entity }); }
  claim(entity: number): number { return this.act({ kind: wire.ActionKind.Claim, entity }); }
  input(data: Uint8Array): number { return this.act({ kind: wire.ActionKind.Input, data }); }

  send(type: string, data: Uint8Array, audience = wire.Audience.Default, to?: number[]): number {
    return this.act({ kind: wire.ActionKind.Message, type, data, audience, to });
  }

  // The action's own number also is the request's: a Failure then ends it whoever refused.
  request(player: number, type: string, data: Uint8Array): Promise<Uint8Array> {
    const request = this.seq + 1;
    this.act({ kind: wire.ActionKind.Message, type, data, audience: wire.Audience.Players, to: [player], request });
    return this.wait(`answer ${request}`);
  }

  answer(asked: Heard, data: Uint8Array): number {
    return this.act({ kind: wire.ActionKind.Answer, to: [asked.player], request: asked.request, data });
  }

  act(action: Omit<Action, "seq">): number {
    const numbered = { ...action, seq: ++this.seq };
    this.unapplied.push(numbered);
    if (this.socket.readyState === WebSocket.OPEN) this.update([numbered]);
    return numbered.seq;
  }

  private update(actions: Action[]): void {
    if (this.ackTimer) clearTimeout(this.ackTimer);
    this.ackTimer = null;
    if (this.socket.readyState === WebSocket.OPEN && !this.muted) this.raw(encodeUpdate(this.have, actions));
  }

  private freeId(): number {
    while (this.ids.length > 0 && this.nextId >= this.ids[0].first + this.ids[0].count) this.ids.shift();
    if (this.ids.length === 0) throw new Error("no entity ids left");
    this.nextId = Math.max(this.nextId, this.ids[0].first);
    return this.nextId++;
  }

  // ---- what comes in

  private receive(bytes: ByteBuffer): void {
    if (bytes.__has_identifier("TRF1")) this.receiveFrame(wire.StateFrame.getRootAsStateFrame(bytes));
    else this.receiveMessage(wire.Message.getRootAsMessage(bytes));
    this.emit("change");
  }

  private receiveMessage(message: wire.Message): void {
    switch (message.bodyType()) {
      case wire.Body.Welcome: return this.receiveWelcome(message.body(new wire.Welcome()));
      case wire.Body.Yours: return this.receiveYours(message.body(new wire.Yours()));
      case wire.Body.Pong: {
        const pong: wire.Pong = message.body(new wire.Pong());
        return this.settle(`pong ${pong.clientUs()}`, pong);
      }
      case wire.Body.RoomList: {
        const list: wire.RoomList = message.body(new wire.RoomList());
        return this.settle(`rooms ${list.request()}`, list);
      }
    }
  }

  private receiveWelcome(welcome: wire.Welcome): void {
    this.welcome = welcome;
    const layout = welcome.layout();
    if (layout) this.mirror.layout = readLayout(layout);
    this.fingerprint = welcome.fingerprint();
    if (!welcome.resumed() || welcome.rolledBack()) this.mirror.tick = 0;
    if (!welcome.resumed()) {
      this.seq = welcome.appliedSeq(); // a seat that we took over has a past
      this.unapplied = [];
      this.ids = [];
    }
    this.event = welcome.event();
    this.direct = welcome.direct();
    this.yours = null;
    this.grant(welcome.idsFirst(), welcome.idsCount());
    this.setApplied(welcome.appliedSeq());
    const again = this.unapplied.filter((action) => repeated.has(action.kind));
    for (let i = 0; i < again.length; i += 64) this.update(again.slice(i, i + 64));
    this.settle("welcome", welcome);
  }

  private receiveYours(yours: wire.Yours): void {
    if (yours.head()!.tick() === this.mirror.tick) this.applyYours(yours);
    else this.yours = yours;
  }

  private receiveFrame(frame: wire.StateFrame): void {
    const head = frame.head()!;
    const yours = this.yours?.head()!.tick() === head.tick() ? this.yours : null;
    this.yours = null;
    const event = Math.max(this.event, yours?.event() ?? 0);
    if (!this.mirror.applies(head) || (frame.eventsLength() > 0 && frame.eventFirst() > event + 1)) {
      this.framesDiscarded += 1;
      return;
    }
    if (yours) this.applyYours(yours);
    this.mirror.apply(frame);
    for (let i = 0; i < frame.eventsLength(); ++i) {
      if (frame.eventFirst() + i <= this.event) continue;
      this.event = frame.eventFirst() + i;
      this.hear(frame.events(i)!, false);
    }
    if (head.kind() !== wire.FrameKind.Stream) this.update([]);
    else this.ackTimer ??= setTimeout(() => this.update([]), this.welcome.ackIntervalMs());
  }

  private applyYours(yours: wire.Yours): void {
    this.setApplied(yours.head()!.appliedSeq());
    if (yours.event() > this.event) {
      this.eventsLost += yours.eventsLost();
      this.event = yours.event();
    }
    this.grant(yours.idsFirst(), yours.idsCount());
    for (let i = 0; i < yours.directLength(); ++i) {
      if (yours.directFirst() + i <= this.direct) continue;
      this.direct = yours.directFirst() + i;
      this.hear(yours.direct(i)!, true);
    }
    this.ackTimer ??= setTimeout(() => this.update([]), this.welcome.ackIntervalMs());
  }

  private setApplied(seq: number): void {
    this.applied = seq;
    this.unapplied = this.unapplied.filter((action) => action.seq > seq);
  }

  private grant(first: number, count: number): void {
    if (count > 0 && !this.ids.some((block) => block.first === first)) this.ids.push({ first, count });
  }

  private hear(event: wire.Event, direct: boolean): void {
    const heard = {
      kind: event.kind(), player: event.player(), type: event.type() ?? "", data: event.dataArray() ?? new Uint8Array(),
      request: event.request(), direct,
    };
    if (event.skipSender() && heard.player === this.player) return;
    if (heard.kind === wire.EventKind.Answer) return this.settle(`answer ${heard.request}`, heard.data);
    if (heard.kind === wire.EventKind.Failure) {
      this.waiting.get(`answer ${heard.request}`)?.reject(new Error(heard.type));
      this.waiting.delete(`answer ${heard.request}`);
      this.emit("failure", heard.request, heard.type);
      return;
    }
    this.emit("event", heard);
  }

  // ---- waiting

  private wait<T>(key: string): Promise<T> {
    return new Promise<T>((resolve, reject) => {
      this.waiting.set(key, { resolve: resolve as (value: unknown) => void, reject });
    });
  }

  private settle(key: string, value: unknown): void {
    this.waiting.get(key)?.resolve(value);
    this.waiting.delete(key);
  }

  private closed(closed: Closed): void {
    if (this.ackTimer) clearTimeout(this.ackTimer);
    this.ackTimer = null;
    for (const waiter of this.waiting.values()) waiter.reject(new Error(`${closed.code} ${closed.reason}`));
    this.waiting.clear();
    this.emit("close", closed);
  }
}
