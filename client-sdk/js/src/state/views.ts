// Frames of rooms with views: parts, each of one chunk, which has a decoder of its own (PROTOCOL.md, "Views"). Foreign bytes.
import { read } from "../buffer/read.js";
import { BrokenBytes } from "../errors.js";
import { Limits } from "../limits.js";
import * as wire from "../wire/index.js";
import { Mirror } from "./mirror.js";
import { Payload, PayloadDecoder, noColumns, payloadOf } from "./payload.js";

const enum Bits { kind = 3, gone = 3, key = 4 }
const kinds = ["stream", "catch_up", "whole"] as const;

/** Numbers in groups of seven bits, lowest first. */
class PartReader {
  private at = 0;

  constructor(private readonly bytes: Uint8Array) {}

  get empty(): boolean {
    return this.at === this.bytes.length;
  }

  number(): number {
    let value = 0;
    for (let shift = 0; shift < 35; shift += 7) {
      const byte = this.byte();
      value += (byte & 0x7f) * 2 ** shift;
      if ((byte & 0x80) === 0 && value <= 0xffffffff) return value;
    }
    throw new BrokenBytes("a number in a frame's parts is too long");
  }

  byte(): number {
    return this.take(1)[0];
  }

  take(count: number): Uint8Array {
    if (count > this.bytes.length - this.at) throw new BrokenBytes("a frame's parts end within one");
    this.at += count;
    return this.bytes.subarray(this.at - count, this.at);
  }
}

/** Codec plain: the part's bytes are a StateFrame of the chunk. */
function framed(part: Payload, bytes: Uint8Array): Payload {
  const frame = read<wire.StateFrame>(bytes, wire.Root.StateFrame, "TRF1");
  if (frame === undefined) throw new BrokenBytes("a part is no state frame");
  const { packed, alive, removed, columns } = payloadOf(frame);
  return { ...part, packed, alive, removed, columns };
}

/** Rooms with views and without: which a room is, its first frames tell. */
export class AnyDecoder implements PayloadDecoder {
  private readonly whole: PayloadDecoder;
  private readonly chunks = new Map<number, PayloadDecoder>();

  /** make: a decoder with nothing learned. */
  constructor(private readonly plain: boolean, private readonly make: () => PayloadDecoder) {
    this.whole = make();
  }

  apply(payload: Payload, mirror: Mirror): boolean {
    if (!payload.inParts) {
      if (this.chunks.size === 0) return this.whole.apply(payload, mirror);
      throw new BrokenBytes("a frame that is not in parts, in a room with views");
    }
    if (payload.whole) {
      mirror.leaveChunks();
      this.chunks.clear();
    }
    mirror.beginParts();
    const listed = new Set<number>();
    const good = this.read(new PartReader(payload.packed ?? new Uint8Array(0)), mirror, listed);
    if (good && payload.listsChunks) for (const chunk of [...this.chunks.keys()]) if (!listed.has(chunk)) this.gone(chunk, mirror);
    mirror.endParts();
    return good;
  }

  /** The streams of chunks go on: the relay knows exactly what this copy has of them. */
  restart(): void {
    this.whole.restart();
  }

  private gone(chunk: number, mirror: Mirror): void {
    mirror.leaveChunk(chunk);
    this.chunks.delete(chunk);
  }

  private read(parts: PartReader, mirror: Mirror, listed: Set<number>): boolean {
    while (!parts.empty) {
      const chunk = parts.number();
      const head = parts.byte();
      if ((head & Bits.kind) === Bits.gone) {
        this.gone(chunk, mirror);
        continue;
      }
      const bytes = parts.take(parts.number());
      const kind = kinds[head & Bits.kind];
      const nothing = bytes.length === 0 && kind === "catch_up";
      const packed = this.plain || nothing ? undefined : bytes;
      const part: Payload = { ...noColumns, kind, whole: kind === "whole", keyTick: (head & Bits.key) !== 0, packed };
      listed.add(chunk);
      if (!this.readPart(chunk, this.plain && !nothing ? framed(part, bytes) : part, mirror)) return false;
    }
    return true;
  }

  private readPart(chunk: number, part: Payload, mirror: Mirror): boolean {
    let decoder = this.chunks.get(chunk);
    if (decoder === undefined) {
      if (!part.whole) return false;
      if (this.chunks.size >= Limits.chunks) throw new BrokenBytes("more chunks than a view can have");
      this.chunks.set(chunk, (decoder = this.make()));
    }
    mirror.beginPart(chunk);
    const good = decoder.apply(part, mirror);
    mirror.endPart();
    return good;
  }
}
