// Whether a connection that ended is to be tried again, and after which pause.
import { CloseCode } from "../errors.js";
import { Backoff, returnSlotUs } from "./backoff.js";

const movesMax = 3; // sent on without a word of welcome: then with pauses

/** The relay wants it back: PROTOCOL.md, "Close codes". */
export const wantsBack = (code: number) => code >= 4000 && code <= 4399;
/** Nobody is there, or not the room; 1001 and 1006 count as going_away. */
export const isAway = (code: number) => code === 1001 || code === CloseCode.unreachable || code === CloseCode.goingAway;

export class Retry {
  moved = false; // the relay said where to go on
  private moves = 0;
  private readonly backoff: Backoff;

  /** home: the address as given. Where the one that a room moved to does not answer, or refuses with going_away, that one knows who has it now. */
  constructor(random: () => number, readonly home: string) {
    this.backoff = new Backoff(random);
  }

  /** begun: there was a connection, or a seat. */
  may(code: number, begun: boolean): boolean {
    return wantsBack(code) || (isAway(code) && begun);
  }

  pauseUs(code: number, reason: string): number {
    if (this.moved && ++this.moves <= movesMax) return 0;
    const slotUs = returnSlotUs(reason);
    if (slotUs !== undefined) return slotUs;
    return code === CloseCode.restarting ? this.backoff.belowUs(2_000_000) : this.backoff.nextUs();
  }

  welcomed(): void {
    this.moves = 0;
  }

  /** The connection has lasted. */
  settled(): void {
    this.backoff.reset();
  }
}
