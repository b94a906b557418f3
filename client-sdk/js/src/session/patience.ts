import { Limits } from "../limits.js";

/**
 * How long a relay may be silent. Nobody tells a page how much of a large frame has come on a slow line: a first one may take longer, and so
 * may what took too long before.
 */
export class Patience {
  private silences = 0; // in a row, without a frame between
  private silentAt = -1; // the frame before them

  us(frameTick: number): number {
    if (frameTick !== this.silentAt) this.silences = 0;
    return Math.min(Limits.silenceUs * (frameTick === 0 ? 4 : 1) * 2 ** this.silences, Limits.silenceMaxUs);
  }

  ended(frameTick: number): void {
    this.silentAt = frameTick;
    ++this.silences;
  }
}
