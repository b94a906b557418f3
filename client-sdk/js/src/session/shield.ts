// The second connection of a Session that asked for a loss shield: copies of frames come in on it, acknowledgements go out on both
// (PROTOCOL.md, "Loss shield"). Losing it is not losing the seat: it is raised anew for as long as the first connection stands.
import { CloseCode, labelOf } from "../errors.js";
import { Limits } from "../limits.js";
import { Link } from "../link/link.js";
import * as wire from "../wire/index.js";
import { Acks } from "./acks.js";
import { Backoff, returnSlotUs } from "./backoff.js";
import { Have, composeJoin, composePing, composeUpdate } from "./compose.js";
import { isAway, wantsBack } from "./retry.js";
import { Seat } from "./seat.js";

const settledUs = 5_000_000; // one that lasted this long ends the back-off
const pingIntervalUs = 2_000_000;
const blockedUs = 20_000; // until its socket is looked at again

export class Shield {
  readonly acks = new Acks();
  private readonly backoff: Backoff;
  private up = false;
  private term = 0;
  private link: Link | undefined;
  private open = false;
  private carries = false; // a copy came: the relay has taken it
  private dialUs = 0; // not before
  private openedUs = 0; // or dialled
  private heardUs = 0;
  private pingUs = 0; // next
  private steppedUs = 0;

  /** take: hears every message that comes; true: it was a copy of a frame. */
  constructor(private readonly wanted: boolean, private readonly seat: Seat, random: () => number, private readonly take: (bytes: Uint8Array | null, nowUs: number) => boolean) {
    this.backoff = new Backoff(random);
  }

  /** The first connection has its Welcome: room and session are of that. */
  raise(term: number, nowUs: number): void {
    this.lower();
    this.up = this.wanted;
    this.term = term;
    this.backoff.reset();
    this.dialUs = nowUs + this.backoff.nextUs(); // after a relay's restart all come at once as it is
  }

  /** The first connection is gone, or what comes on this one is of no use: not again before raise(). */
  lower(code: number = CloseCode.left): void {
    this.link?.close(code, labelOf(code));
    this.link = undefined;
    this.up = this.open = false;
  }

  wantsLink(nowUs: number): boolean {
    return this.up && this.link === undefined && this.dialUs <= nowUs;
  }

  /** undefined: it could not even be tried. */
  dialled(link: Link | undefined, nowUs: number): void {
    this.link = link;
    this.openedUs = this.heardUs = nowUs;
    if (link === undefined) this.lost(nowUs);
  }

  opened(nowUs: number): void {
    const { roomId, session } = this.seat;
    this.open = true;
    this.carries = false;
    this.openedUs = this.heardUs = nowUs;
    this.pingUs = nowUs + pingIntervalUs;
    this.acks.sent();
    this.link?.write(composeJoin({ mode: wire.JoinMode.Shield, roomId, session }, { term: this.term, tick: 0, event: 0, direct: 0 }, 0n, false));
  }

  received(bytes: Uint8Array | null, nowUs: number): void {
    if (this.link === undefined) return;
    this.heardUs = nowUs;
    if (this.take(bytes, nowUs)) this.carries = true;
  }

  closed(code: number, reason: string, nowUs: number): void {
    this.up &&= wantsBack(code) || isAway(code);
    this.lost(nowUs);
    this.dialUs = nowUs + (returnSlotUs(reason) ?? this.dialUs - nowUs);
  }

  private lost(nowUs: number): void {
    this.link?.close(CloseCode.left, "");
    this.link = undefined;
    this.open = false;
    if (nowUs - this.openedUs >= settledUs) this.backoff.reset();
    this.dialUs = nowUs + this.backoff.nextUs();
  }

  // A copy comes only where the first connection keeps up with the stream, a Pong always.
  step(have: Have, nowUs: number): void {
    const { link } = this;
    this.steppedUs = nowUs;
    if (link === undefined) return;
    if (nowUs - this.heardUs >= Limits.silenceUs) return this.lost(nowUs);
    if (!this.open || !link.writable()) return;
    if (this.carries && this.acks.dueUs <= nowUs) {
      link.write(composeUpdate(have, []));
      this.acks.sent();
    }
    if (nowUs < this.pingUs) return;
    link.write(composePing(BigInt(nowUs)));
    this.pingUs = nowUs + pingIntervalUs;
  }

  get dueUs(): number {
    if (this.link === undefined) return this.up ? this.dialUs : Infinity;
    const acksUs = this.carries ? this.acks.dueUs : Infinity;
    const writes = !this.open ? Infinity : this.link.writable() ? Math.min(acksUs, this.pingUs) : this.steppedUs + blockedUs;
    return Math.min(writes, this.heardUs + Limits.silenceUs);
  }
}
