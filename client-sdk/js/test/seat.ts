// A session whose connection and clock are in the test's hand.
import assert from "node:assert/strict";
import { Link } from "../src/link/link.js";
import { Session, SessionOptions } from "../src/session/session.js";
import { FrameText, WelcomeText, bodies, body, frame, owners, said, welcome } from "./bytes.js";
import * as wire from "./wire/index.js";

export class TestLink implements Link {
  sent: wire.Message[] = [];
  closed: number | undefined;
  full = false;
  writable(): boolean { return !this.full; }
  write(message: Uint8Array): void { this.sent.push(said(message)); }
  close(code: number): void { this.closed = code; }
}

/** A session with a clock in the test's hand. */
export class Seat {
  nowUs = 1_000_000;
  link = new TestLink();
  readonly session: Session;

  constructor(options: Partial<SessionOptions> = {}) {
    const all = { joinTimeoutUs: 10e6, promptAcks: false, lossShield: false, alignSends: true, schema: undefined, random: () => 0.5, ...options };
    this.session = new Session("ws://relay/v1", { mode: wire.JoinMode.JoinOrCreate as number, type: "t" }, all, this.nowUs, () => {});
  }

  dial(): void {
    assert.ok(this.session.wantsLink(this.nowUs));
    this.link = new TestLink();
    this.session.dialled(this.link, this.nowUs);
    this.session.opened(this.nowUs);
  }

  join(text: WelcomeText = {}): this {
    this.dial();
    this.hear(welcome(text));
    this.link.sent = [];
    return this;
  }

  hear(...messages: Uint8Array[]): void {
    for (const message of messages) this.session.received(message, this.nowUs);
    this.session.step(this.nowUs);
  }

  pass(us: number): void {
    this.nowUs += us;
    this.session.step(this.nowUs);
  }

  bodies<Body>(kind: wire.Body, made: () => Body): Body[] {
    return this.link.sent.filter((message) => message.bodyType() === kind).map((message) => message.body(made() as never) as Body);
  }

  get updates(): wire.Update[] { return this.bodies(wire.Body.Update, () => new wire.Update()); }

  get actions(): wire.Action[] {
    return this.updates.flatMap((update) => Array.from({ length: update.actionsLength() }, (_, i) => update.actions(i) as wire.Action));
  }

  get x(): unknown {
    return (this.session.mirror.row(body, 7)?.shown() as { at: { x: number } } | undefined)?.at.x;
  }
}

// Entity 7 of player 1 at x.
export const whole = (tick: number, x: number, more: Partial<FrameText> = {}) =>
  frame({ tick, columns: [{ component: 0, ids: [7], values: owners(1) }, { component: body, ids: [7], values: bodies([x, 2, 3n]) }], ...more });
export const moves = (tick: number, base: number, x: number, more: Partial<FrameText> = {}) =>
  frame({ tick, base, columns: [{ component: body, ids: [7], masks: [1], values: bodies([x, 0, 0n]).slice(0, 4) }], ...more });
