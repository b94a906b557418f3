// Codec packed on one connection: who can read which frame. Keeps a copy of its own, because the stream is coded against what
// the relay sent, whatever a player is shown.
import { Context } from "./context.js";
import { Lanes } from "./lanes.js";
import { Changed, ReadLimits, Reader, readLimits } from "./reader.js";

/** Of a StateFrame what the codec needs. */
export interface PackedFrame {
  readonly kind: "stream" | "catch_up" | "whole";
  readonly keyTick: boolean;
  readonly hash: number; // 0: none
  readonly packed: Uint8Array | null; // null: no state changed
}

export class PackedDecoder {
  private readonly context: Context;
  private readonly reader: Reader;
  private inStream = false;

  /** empty: of the same components; any number of decoders may share it. */
  constructor(components: readonly Lanes[], limits: ReadLimits = readLimits, private readonly empty = new Context(components)) {
    this.context = new Context(components);
    this.reader = new Reader(limits);
  }

  /** False: the thread of the stream is lost, ask for a Resync. Throws PackedError. A whole frame's taker forgets first. */
  apply(frame: PackedFrame, changed: Changed): boolean {
    const ofStream = frame.kind === "stream";
    if (ofStream && !this.inStream) return false;
    const whole = frame.kind === "whole";
    const bytes = frame.packed ?? (whole ? new Uint8Array(0) : null);
    if (bytes !== null) {
      this.inStream = false; // where it throws
      if (ofStream) this.reader.stream(this.context, bytes, changed);
      else this.reader.absolute(this.context, this.empty, bytes, whole, changed);
    }
    this.inStream = frame.keyTick || ofStream;
    if (!frame.keyTick) return true;
    this.context.settle();
    return frame.hash === 0 || frame.hash === this.context.hash();
  }

  /** What was heard so far counts no more: a new connection, an answered Resync. */
  restart(): void {
    this.inStream = false;
  }
}
