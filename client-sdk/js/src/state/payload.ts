// What a frame says about state, whatever carries it: the unit that a decoder's context applies to the Mirror. Frame rules,
// events and Yours are not its business.
import * as wire from "../wire/index.js";
import { Mirror } from "./mirror.js";

export interface Payload {
  readonly kind: "stream" | "catch_up" | "whole";
  readonly whole: boolean; // base 0: forget what was
  readonly keyTick: boolean;
  readonly packed: Uint8Array | null; // codec packed: with keyTick a hash, then the state; null: no state changed
  readonly alive: Uint32Array | null; // codec plain; null: not listed
  readonly removed: Uint32Array | null;
  readonly inParts: boolean; // a room with views: `packed` holds a part for each chunk, in either codec
  readonly listsChunks: boolean;
  readonly columns: number;
  column(i: number): wire.Column;
}

/** What is not there in codec packed. */
export const noColumns = {
  alive: null, removed: null, inParts: false, listsChunks: false, columns: 0,
  column: (): never => {
    throw new RangeError("there is no column");
  },
};

/** Reads payloads of one codec. Keeps what that codec needs between them. */
export interface PayloadDecoder {
  /**
   * False: it cannot be read, or the copy is not what it should be: ask for the whole. Throws BrokenBytes or PackedError where
   * the bytes cannot be: the Mirror may be half changed, the connection is to end.
   */
  apply(payload: Payload, mirror: Mirror): boolean;
  /** A new connection, an answered Resync: the values stay, the stream that was read before ends. */
  restart(): void;
}

/** Up to where a copy has to be complete to take the frame; below 0 where that cannot be. */
export function baseOf(head: wire.FrameHead): number {
  return head.span() === 0 ? 0 : head.tick() - head.span();
}

/** The whole state payload of a frame. REQUIRES: verified */
export function payloadOf(frame: wire.StateFrame): Payload {
  const head = frame.head() as wire.FrameHead;
  const flags = head.flags() as number;
  const listsAlive = (flags & wire.FrameFlags.ListsAlive) !== 0;
  const whole = baseOf(head) === 0;
  return {
    kind: head.kind() === wire.FrameKind.Stream ? "stream" : whole ? "whole" : "catch_up",
    whole,
    keyTick: (flags & wire.FrameFlags.KeyTick) !== 0,
    packed: frame.packedArray(),
    alive: listsAlive ? frame.aliveArray() ?? new Uint32Array(0) : null,
    removed: frame.removedArray(),
    inParts: (flags & wire.FrameFlags.InParts) !== 0,
    listsChunks: (flags & wire.FrameFlags.ListsChunks) !== 0,
    columns: frame.columnsLength(),
    column: (i) => frame.columns(i) as wire.Column,
  };
}
