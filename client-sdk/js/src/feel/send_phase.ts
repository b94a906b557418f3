// When to send, so that inputs reach the relay just before its tick: PROTOCOL.md, "Input timing". Times are µs.
import { Calls } from "../session/listeners.js";
import { Seat } from "../session/seat.js";
import { ServerClock } from "../session/server_clock.js";

const kept = 64; // ways of messages
const waysMin = 4; // before anything moves
const sentMax = 256; // messages that wait for what the relay says of them
const spareUs = 2000;
const leadStepUs = 500; // a tick

export class SendPhase {
  readonly calls = new Calls<[]>();
  private readonly ways: number[] = []; // from the instant of sending to the relay's reading, modulo a period
  private sent: { seq: number; relayUs: number }[] = [];
  private leadUs = 0;
  private tick = 0; // the next one to send for
  private startUs = 0;
  private instantUs: number | undefined; // of the tick that is being sent for

  constructor(private readonly aligned: boolean, private readonly clock: ServerClock, private readonly seat: Seat) {}

  private get periodUs(): number {
    return 1e6 / Math.max(this.seat.tickRate, 1);
  }

  /** A connection was welcomed. sameTime: the room's clock and what was learned of the way hold. */
  start(sameTime: boolean, nowUs: number): void {
    this.sent = [];
    if (!sameTime) {
      this.ways.length = 0;
      this.startUs = nowUs;
      this.leadUs = this.clock.roundTripUs / 2 + spareUs;
    }
    this.skipTo(nowUs);
  }

  // The next tick whose instant is still to come.
  private skipTo(nowUs: number): void {
    this.tick = Math.floor(this.ticksAt(nowUs)) + 1;
  }

  private ticksAt(nowUs: number): number {
    return (this.aligned ? this.clock.relayUs(nowUs) + this.leadUs - this.seat.tickZeroUs : nowUs - this.startUs) / this.periodUs;
  }

  /** When the next message is best written; not before nowUs. */
  nextUs(nowUs: number): number {
    return nowUs + Math.max(0, this.tick - this.ticksAt(nowUs)) * this.periodUs;
  }

  /** Once a tick, missed ones are not made up. True: it was time, and what the game did is to be sent now. */
  step(nowUs: number): boolean {
    const late = this.ticksAt(nowUs) - this.tick;
    if (late < 0) return false;
    this.instantUs = nowUs - (late < 1 ? late * this.periodUs : 0); // a timer's lateness is part of the way
    this.moveLead();
    this.skipTo(nowUs);
    this.calls.tell();
    return true;
  }

  private moveLead(): void {
    if (!this.aligned) return;
    if (this.ways.length < waysMin) return void (this.leadUs = this.clock.roundTripUs / 2 + spareUs);
    const wanted = leastWait(this.ways, this.periodUs) + spareUs;
    this.leadUs += Math.min(Math.max(wanted - this.leadUs, -leadStepUs), leadStepUs);
  }

  /** A message whose last action is `seq` was written. */
  wrote(seq: number, nowUs: number): void {
    this.sent.push({ seq, relayUs: this.clock.relayUs(this.instantUs ?? nowUs) });
    if (this.sent.length > sentMax) this.sent.shift();
  }

  /** What was written since step() is written. */
  flushed(): void {
    this.instantUs = undefined;
  }

  /** By a Yours: the message whose last action is `seq` was read so long before the tick that applied it. */
  told(seq: number, earlyUs: number): void {
    const message = this.sent.find((each) => each.seq === seq);
    if (message === undefined) return;
    this.sent = this.sent.filter((each) => each.seq > seq);
    const way = this.seat.tickZeroUs - earlyUs - message.relayUs;
    const near = this.leadUs - spareUs;
    this.ways.push(way - this.periodUs * Math.round((way - near) / this.periodUs));
    if (this.ways.length > kept) this.ways.shift();
  }
}

// Who sends earlier waits longer each time, who misses a tick waits for a whole one: the way to allow for, so that messages wait
// least on average.
function leastWait(ways: readonly number[], periodUs: number): number {
  const sorted = [...ways].sort((a, b) => b - a);
  const waitOf = (missed: number) => sorted[missed] + (missed * periodUs) / sorted.length;
  return sorted[sorted.reduce((best, _, missed) => (waitOf(missed) < waitOf(best) ? missed : best), 0)];
}
