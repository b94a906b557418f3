// What a welcomed connection brings: state, Yours and events, in the order in which a game is to hear of them.
import { TickrelayError } from "../errors.js";
import { Interpolation } from "../feel/interpolation.js";
import { Prediction } from "../feel/prediction.js";
import { SendPhase } from "../feel/send_phase.js";
import { Mirror } from "../state/mirror.js";
import { Stats } from "../types.js";
import * as wire from "../wire/index.js";
import { Acks } from "./acks.js";
import { composeResync } from "./compose.js";
import { Events } from "./events.js";
import { Frames } from "./frames.js";
import { Listeners } from "./listeners.js";
import { Outbox } from "./outbox.js";
import { Roster } from "./roster.js";
import { Seat } from "./seat.js";
import { ServerClock } from "./server_clock.js";

/** Of the Session. */
export interface Inside {
  readonly phase: string;
  readonly seat: Seat;
  readonly mirror: Mirror;
  readonly clock: ServerClock;
  readonly stats: Stats;
  readonly listeners: Listeners;
  readonly roster: Roster;
  readonly interpolation: Interpolation;
  readonly prediction: Prediction;
  readonly sendPhase: SendPhase;
}

export class Intake {
  constructor(
    private readonly inside: Inside, private readonly promptAcks: boolean, private readonly frames: Frames, private readonly outbox: Outbox, private readonly acks: readonly Acks[],
    private readonly events: Events, private readonly write: (message: Uint8Array) => void,
  ) {}

  /** Throws BrokenBytes and PackedError. */
  frame(frame: wire.StateFrame, copy: boolean, nowUs: number): void {
    const { stats, clock, seat, listeners, prediction } = this.inside;
    const { head } = frame;
    const before = this.frames.have.tick;
    const { verdict, yours } = this.frames.take(frame, copy);
    if (verdict === "lost") return this.askForWhole(head.tick, nowUs);
    if (verdict === "discarded") {
      if (copy) return; // what it has of use comes on the first connection, too
      ++stats.discarded;
      if (this.frames.asksAgain(nowUs)) return this.askForWhole(head.tick, nowUs);
      // The state is past it by a copy, perhaps of a later frame from a lower base: that had other events.
      return head.tick <= this.frames.have.tick ? this.deliverRoom(frame) : undefined;
    }
    ++stats.frames;
    if (copy) ++stats.shielded;
    clock.frame(nowUs, seat.tickUs(head.tick), 1e6 / seat.sendRate);
    this.applied(head.kind !== wire.FrameKind.Stream, nowUs);
    if (yours !== undefined) this.takeYours(yours, nowUs);
    // Without a Yours nothing was applied since; on a shield it may only be late.
    else if (prediction.settled || (this.promptAcks && !copy)) prediction.confirmed(0, nowUs);
    // The state is whole: now everybody may look.
    this.changes(nowUs, before);
    listeners.stateChange.tell(head.tick);
    this.deliverRoom(frame);
    if (yours !== undefined) this.deliverDirect(yours);
  }

  yours(yours: wire.Yours, nowUs: number): void {
    if (!this.frames.takesYours(yours)) return;
    this.takeYours(yours, nowUs);
    this.applied(false, nowUs);
    this.changes(nowUs);
    this.deliverDirect(yours);
  }

  private applied(atOnce: boolean, nowUs: number): void {
    for (const acks of this.acks) acks.applied(atOnce, nowUs);
  }

  /** Tells what changed in what is shown, whoever changed it. before: the tick that was there before a frame did. */
  changes(nowUs: number, before?: number): void {
    const { mirror, roster, listeners, interpolation } = this.inside;
    if (!mirror.hasChanges && !listeners.changes.waiting) return;
    const changes = mirror.takeChanges();
    if (before !== undefined) interpolation.record(changes, mirror.tick, before, this.shownTick(nowUs));
    roster.apply(changes, mirror, nowUs);
    listeners.changes.deliver(changes);
  }

  private shownTick(nowUs: number): number {
    const { clock, seat } = this.inside;
    return seat.ticksAt(clock.renderUs(nowUs));
  }

  private askForWhole(tick: number, nowUs: number): void {
    this.frames.asked(nowUs);
    ++this.inside.stats.resyncs;
    this.write(composeResync(tick, this.frames.have));
  }

  private takeYours(yours: wire.Yours, nowUs: number): void {
    const { mirror, seat, listeners, prediction, sendPhase, stats } = this.inside;
    const applied = yours.head.appliedSeq;
    mirror.release(applied);
    this.outbox.applied(applied);
    sendPhase.told(yours.earlySeq, yours.earlyUs);
    if (yours.earlySeq !== 0) stats.earlyUs = yours.earlyUs;
    if (yours.head.tick === mirror.tick) prediction.confirmed(seat.inputsAnswered ? yours.answeredSeq : applied, nowUs);
    seat.ids.add(yours.idsFirst, yours.idsCount);
    const { have } = this.frames;
    if (yours.event <= have.event) return;
    have.event = yours.event;
    if (yours.eventsLost === 0) return; // numbers that nobody had
    const lost = `${yours.eventsLost} messages at most were lost: this connection was behind for too long`;
    listeners.tellError(new TickrelayError("events_lost", lost));
  }

  private deliverRoom(frame: wire.StateFrame): void {
    const { have } = this.frames;
    if (frame.eventFirst > have.event + 1) return;
    frame.events.forEach((event, i) => {
      if (frame.eventFirst + i <= have.event) return;
      have.event = frame.eventFirst + i;
      this.deliver(event);
    });
  }

  private deliverDirect(yours: wire.Yours): void {
    const { have } = this.frames;
    yours.direct.forEach((event, i) => {
      if (yours.directFirst + i <= have.direct) return;
      have.direct = yours.directFirst + i;
      this.deliver(event);
    });
  }

  // Left by a call-back meanwhile, nothing more is told.
  private deliver(event: wire.Event): void {
    if (this.inside.phase === "joined") this.events.deliver(event);
  }
}
