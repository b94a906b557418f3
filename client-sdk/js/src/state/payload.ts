// What a frame says about state, whatever carries it: the unit that a decoder's context applies to the Mirror. Frame rules,
// events and Yours are not its business.
import * as wire from "../wire/index.js";
import { Mirror } from "./mirror.js";

export interface Payload {
  readonly kind: "stream" | "catch_up" | "whole";
  readonly whole: boolean; // base 0: forget what was
  readonly keyTick: boolean;
  readonly packed: Uint8Array | undefined; // codec packed: with keyTick a hash, then the state; undefined: no state changed
  readonly alive: Uint32Array | undefined; // codec plain; undefined: not listed
  readonly removed: Uint32Array | undefined;
  readonly inParts: boolean; // a room with views: `packed` holds a part for each chunk, in either codec
  readonly listsChunks: boolean;
  readonly columns: readonly wire.Column[];
}

/** What is not there in codec packed. */
export const noColumns = { alive: undefined, removed: undefined, inParts: false, listsChunks: false, columns: [] };

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
export function baseOf({ tick, span }: wire.FrameHead): number {
  return span === 0 ? 0 : tick - span;
}

/** The whole state payload of a frame. */
export function payloadOf({ head, packed, alive, removed, columns }: wire.StateFrame): Payload {
  const has = (flag: wire.FrameFlags) => (head.flags & flag) !== 0;
  const whole = baseOf(head) === 0;
  return {
    kind: head.kind === wire.FrameKind.Stream ? "stream" : whole ? "whole" : "catch_up",
    whole,
    keyTick: has(wire.FrameFlags.KeyTick),
    packed,
    alive: has(wire.FrameFlags.ListsAlive) ? alive ?? new Uint32Array(0) : undefined,
    removed,
    inParts: has(wire.FrameFlags.InParts),
    listsChunks: has(wire.FrameFlags.ListsChunks),
    columns,
  };
}
