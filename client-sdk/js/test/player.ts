// A player whose clock is the relay's, and what it draws.
import assert from "node:assert/strict";
import { Room } from "../src/room.js";
import { SessionOptions } from "../src/session/session.js";
import { FrameText, bodies, body, frame, owners, yours } from "./bytes.js";
import { Seat } from "./seat.js";

export const tickUs = 50_000;

/** A seat whose clock is the relay's: tick n is at n * tickUs, and frames come at their ticks. Entity 8 is another's, 7 its own. */
export class Player extends Seat {
  readonly room: Room;

  constructor(options: Partial<SessionOptions> = {}) {
    super(options);
    const { session } = this;
    const self = this as Seat;
    this.room = new Room({ session, nowUs: () => self.nowUs, soon: () => session.step(self.nowUs) } as never);
    this.join({ serverUs: 1_000_000n });
  }

  at(tick: number): this {
    this.pass(tick * tickUs - this.nowUs);
    return this;
  }

  whole(tick: number, x: number, more: Partial<FrameText> = {}): this {
    const column = (component: number, values: Uint8Array) => ({ component, ids: [7, 8], values });
    this.at(tick).hear(frame({ tick, columns: [column(0, owners(1, 2)), column(body, bodies([x, x, 3n], [x, x, 3n]))], ...more }));
    return this;
  }

  moves(tick: number, x: number, more: Partial<FrameText> & { id?: number; applied?: number } = {}): this {
    if (this.nowUs < tick * tickUs) this.at(tick);
    const { id = 8, applied } = more;
    if (applied !== undefined) this.session.received(yours(tick, applied), this.nowUs);
    this.hear(frame({ tick, base: tick - 1, columns: [{ component: body, ids: [id], masks: [1], values: bodies([x, 0, 0n]).slice(0, 4) }], ...more }));
    return this;
  }

  rests(tick: number, more: Partial<FrameText> = {}): this {
    this.at(tick).hear(frame({ tick, base: tick - 1, ...more }));
    return this;
  }

  drawn(entity = 8): number {
    return (this.room.interpolated(entity, "Body") as { at: { x: number } }).at.x;
  }
}

export const close = (a: number, b: number, what = "", by = 1e-6) => assert.ok(Math.abs(a - b) < by, `${what}: ${a}, not ${b}`);
