// What a welcomed connection brings: state, Yours and events, in the order in which a game is to hear of them.
import { TickrelayError } from "../errors.js";
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
}

export class Intake {
  constructor(
    private readonly inside: Inside, private readonly frames: Frames, private readonly outbox: Outbox, private readonly acks: Acks,
    private readonly events: Events, private readonly write: (message: Uint8Array) => void,
  ) {}

  /** Throws BrokenBytes and PackedError. */
  frame(frame: wire.StateFrame, nowUs: number): void {
    const { stats, clock, seat, listeners } = this.inside;
    const head = frame.head() as wire.FrameHead;
    const { verdict, yours } = this.frames.take(frame);
    if (verdict === "lost") return this.askForWhole(head.tick(), nowUs);
    if (verdict === "discarded") {
      ++stats.discarded;
      return this.frames.asksAgain(nowUs) ? this.askForWhole(head.tick(), nowUs) : undefined;
    }
    ++stats.frames;
    clock.frame(nowUs, seat.tickUs(head.tick()), 1e6 / seat.sendRate);
    this.acks.applied(head.kind() !== wire.FrameKind.Stream, nowUs);
    if (yours !== undefined) this.takeYours(yours);
    // The state is whole: now everybody may look.
    this.changes(nowUs);
    listeners.stateChange.tell(head.tick());
    this.deliverRoom(frame);
    if (yours !== undefined) this.deliverDirect(yours);
  }

  yours(yours: wire.Yours, nowUs: number): void {
    if (!this.frames.takesYours(yours)) return;
    this.takeYours(yours);
    this.acks.applied(false, nowUs);
    this.changes(nowUs);
    this.deliverDirect(yours);
  }

  /** Tells what changed in what is shown, whoever changed it. */
  changes(nowUs: number): void {
    const { mirror, roster, listeners } = this.inside;
    if (!mirror.hasChanges && !listeners.changes.waiting) return;
    const changes = mirror.takeChanges();
    roster.apply(changes, mirror, nowUs);
    listeners.changes.deliver(changes);
  }

  private askForWhole(tick: number, nowUs: number): void {
    this.frames.asked(nowUs);
    ++this.inside.stats.resyncs;
    this.write(composeResync(tick, this.frames.have));
  }

  private takeYours(yours: wire.Yours): void {
    const { mirror, seat, listeners } = this.inside;
    const applied = (yours.head() as wire.YoursHead).appliedSeq();
    mirror.release(applied);
    this.outbox.applied(applied);
    seat.ids.add(yours.idsFirst(), yours.idsCount());
    const { have } = this.frames;
    if (yours.event() <= have.event) return;
    have.event = yours.event();
    const lost = `${yours.eventsLost()} messages at most were lost: this connection was behind for too long`;
    listeners.tellError(new TickrelayError("events_lost", lost));
  }

  private deliverRoom(frame: wire.StateFrame): void {
    const { have } = this.frames;
    for (let i = 0, number = frame.eventFirst(); i < frame.eventsLength(); ++i, ++number) {
      if (number <= have.event) continue;
      have.event = number;
      this.deliver(frame.events(i));
    }
  }

  private deliverDirect(yours: wire.Yours): void {
    const { have } = this.frames;
    for (let i = 0, number = yours.directFirst(); i < yours.directLength(); ++i, ++number) {
      if (number <= have.direct) continue;
      have.direct = number;
      this.deliver(yours.direct(i));
    }
  }

  // Left by a call-back meanwhile, nothing more is told.
  private deliver(event: wire.Event | null): void {
    if (event !== null && this.inside.phase === "joined") this.events.deliver(event);
  }
}
