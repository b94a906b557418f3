// Which frame may be applied, and to what: PROTOCOL.md, "Frames", and the Resync handshake. No clock of its own, no socket.
import { BrokenBytes } from "../errors.js";
import { Layout } from "../state/layout.js";
import { Mirror } from "../state/mirror.js";
import { PackedPayloads, scratchOf } from "../state/packed.js";
import { PayloadDecoder, baseOf, payloadOf } from "../state/payload.js";
import { PlainDecoder } from "../state/plain.js";
import { AnyDecoder } from "../state/views.js";
import * as wire from "../wire/index.js";
import { Have } from "./compose.js";

const resyncIntervalUs = 1_200_000;

function decoderOf(codec: wire.Codec, layout: Layout): PayloadDecoder | undefined {
  if (codec === wire.Codec.Plain) return new AnyDecoder(true, () => new PlainDecoder(layout));
  if (codec !== wire.Codec.Packed) return undefined;
  const scratch = scratchOf(layout);
  return new AnyDecoder(false, () => new PackedPayloads(scratch));
}

/** lost: the whole has to be asked for. */
export type Verdict = "applied" | "discarded" | "lost";

export class Frames {
  readonly have: Have = { term: 0, tick: 0, event: 0, direct: 0 };
  completeTick = 0; // state age counts from here
  private decoder: PayloadDecoder | undefined;
  private codec: wire.Codec | undefined;
  private askedUs = 0; // for the whole; 0: not, or the relay answered
  private waiting: wire.Yours | undefined; // for its frame

  constructor(private readonly mirror: Mirror) {}

  /** A connection begins. False: a codec that this version does not know. */
  begin(codec: wire.Codec, layout: Layout): boolean {
    if (this.decoder !== undefined && this.codec === codec) {
      this.decoder.restart();
    } else {
      this.decoder = decoderOf(codec, layout);
      this.codec = codec;
      this.have.tick = 0;
    }
    this.askedUs = 0;
    this.waiting = undefined;
    return this.decoder !== undefined;
  }

  /** Another layout: what was learned of the old one does not count. */
  forget(): void {
    this.decoder = undefined;
    this.have.tick = 0;
  }

  get resyncing(): boolean {
    return this.askedUs !== 0;
  }

  /** The relay grants one Resync a second: what it refused is asked again. */
  asksAgain(nowUs: number): boolean {
    return this.resyncing && nowUs - this.askedUs >= resyncIntervalUs;
  }

  /** Nothing is applied until the relay answers. */
  asked(nowUs: number): void {
    this.have.tick = 0;
    this.waiting = undefined;
    this.askedUs = nowUs;
  }

  /** Asked twice, it is answered twice. */
  answered(): void {
    this.have.tick = 0;
    this.askedUs = 0;
    this.decoder?.restart();
  }

  /** True: it is of the state that is here, take it now. False: it waits for its frame, or is of no use. */
  takesYours(yours: wire.Yours): boolean {
    if (this.resyncing) return false;
    if (yours.head.tick <= this.have.tick) return true;
    this.waiting = yours;
    return false;
  }

  /**
   * Applies what may be applied. copy: it came on the shield. `yours`: what waited for this frame, or one before it that a copy
   * passed. Throws BrokenBytes and PackedError.
   */
  take(frame: wire.StateFrame, copy = false): { verdict: Verdict; yours?: wire.Yours } {
    const { head } = frame;
    const base = baseOf(head);
    if (base < 0) throw new BrokenBytes("a frame's span reaches below tick 0");
    if (this.resyncing || this.decoder === undefined) return { verdict: "discarded" };
    const yours = this.waiting !== undefined && this.waiting.head.tick <= head.tick ? this.waiting : undefined;
    if (!this.fits(frame, base, yours)) {
      if (!copy && this.waiting?.head.tick === head.tick) this.waiting = undefined;
      return { verdict: "discarded" };
    }
    if (!this.decoder.apply(payloadOf(frame), this.mirror)) return { verdict: "lost" };
    if (yours !== undefined) this.waiting = undefined;
    this.have.tick = this.mirror.tick = head.tick;
    this.completeTick = frame.complete || head.tick;
    return { verdict: "applied", yours };
  }

  private fits({ head, events, eventFirst }: wire.StateFrame, base: number, yours: wire.Yours | undefined): boolean {
    if (base > this.have.tick || this.have.tick >= head.tick) return false;
    return events.length === 0 || eventFirst <= Math.max(this.have.event, yours?.event ?? 0) + 1;
  }
}
