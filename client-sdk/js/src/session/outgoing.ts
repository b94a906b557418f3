// What leaves by itself on a welcomed connection, and when: actions, acknowledgements, pings, the pace, the farewell.
import { Link } from "../link/link.js";
import { Acks } from "./acks.js";
import { Have, composeLeave, composePace, composePing, composeUpdate } from "./compose.js";
import { Outbox } from "./outbox.js";
import { Pace } from "./pace.js";

const fastPings = 6;
const fastPingUs = 100_000;
const slowPingUs = 2_000_000;
const hiddenAckUs = 500_000;
const blockedUs = 20_000; // until the socket is looked at again

export class Outgoing {
  readonly acks = new Acks();
  readonly pace = new Pace();
  private pingUs = 0; // next
  private pings = 0; // on this connection
  private saidLeave = false;

  /** wrote: the last number of the actions in a message. */
  constructor(
    private readonly have: Have, private readonly outbox: Outbox, private readonly write: (message: Uint8Array) => void, private readonly wrote: (seq: number, nowUs: number) => void,
  ) {}

  start(ackIntervalUs: number, nowUs: number): void {
    this.acks.start(ackIntervalUs);
    this.pings = 0;
    this.pingUs = nowUs;
    this.pace.restart();
  }

  setHidden(hidden: boolean, nowUs: number): void {
    this.pace.hidden = hidden;
    this.acks.leastUs = hidden ? hiddenAckUs : 0;
    if (!hidden) this.pingUs = Math.min(this.pingUs, nowUs);
  }

  flush(link: Link, leaving: boolean, nowUs: number): void {
    const bytesPerS = this.pace.take();
    if (bytesPerS !== undefined) this.write(composePace(bytesPerS));
    while (link.writable() && !this.outbox.empty) this.update(nowUs);
    if (link.writable() && this.acks.dueUs <= nowUs) this.update(nowUs);
    if (link.writable() && nowUs >= this.pingUs && !leaving) {
      this.write(composePing(BigInt(nowUs)));
      this.pingUs = nowUs + (++this.pings < fastPings ? fastPingUs : slowPingUs);
    }
    if (leaving && !this.saidLeave && this.outbox.empty && link.writable()) {
      this.saidLeave = true;
      this.write(composeLeave());
    }
  }

  private update(nowUs: number): void {
    const actions = this.outbox.take();
    const { direct = this.have.direct } = this.outbox;
    if (this.outbox.empty) this.outbox.direct = undefined;
    // What came after the actions were done is not in them: an authority's actions answer inputs.
    this.write(composeUpdate(actions.length > 0 ? { ...this.have, direct: Math.min(direct, this.have.direct) } : this.have, actions));
    this.acks.sent();
    if (actions.length > 0) this.wrote(actions[actions.length - 1].seq, nowUs);
  }

  dueUs(link: Link, leaving: boolean, steppedUs: number): number {
    if (!link.writable()) return steppedUs + blockedUs;
    return Math.min(this.acks.dueUs, leaving ? Infinity : this.pingUs);
  }
}
