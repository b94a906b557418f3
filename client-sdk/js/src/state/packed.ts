// Codec packed: keeps a copy of its own beside the Mirror, because the stream is coded against what the relay sent, and the
// Mirror shows the player's own writes.
import { BrokenBytes } from "../errors.js";
import { Limits } from "../limits.js";
import { Context } from "../packed/context.js";
import { PackedDecoder, PackedFrame } from "../packed/decoder.js";
import { Lanes } from "../packed/lanes.js";
import { Changed, readLimits } from "../packed/reader.js";
import { Stored } from "./component.js";
import { Layout } from "./layout.js";
import { Mirror } from "./mirror.js";
import { Payload, PayloadDecoder } from "./payload.js";

const one = new Uint8Array([1]);

class IntoMirror implements Changed {
  mirror: Mirror | undefined;
  private readonly values: Stored[] = [];

  constructor(private readonly components: readonly Lanes[]) {}

  removed(id: number): void {
    this.mirror?.remove(id);
  }

  keepOnly(ids: readonly number[]): void {
    this.mirror?.keepOnly(ids);
  }

  put(component: number, id: number, told: Uint8Array, lanes: Int32Array, at: number): void {
    const known = this.components[component];
    for (let f = 0; f < known.fields.length; ++f) if (told[f] === 1) this.values[f] = known.readField(f, lanes, at);
    this.mirror?.put(component, id, told, this.values);
  }

  putOpaque(component: number, id: number, value: Uint8Array): void {
    this.values[0] = value.slice(); // the game gets it: the stream's own must not change
    this.mirror?.put(component, id, one, this.values);
  }
}

export function scratchOf(layout: Layout): Context {
  return new Context(layout.components.map(({ fields }) => new Lanes(fields)));
}

const hashBytes = 4;

// At a key tick the hash comes first; what is left is the state, nothing where none changed.
function withHash(payload: Payload): PackedFrame {
  const bytes = payload.packed;
  if (bytes === undefined || bytes.length < hashBytes) throw new BrokenBytes("a key tick without its hash");
  const hash = new DataView(bytes.buffer, bytes.byteOffset).getUint32(0, true);
  const packed = bytes.length === hashBytes ? null : bytes.subarray(hashBytes);
  return { kind: payload.kind, keyTick: true, hash, packed };
}

export class PackedPayloads implements PayloadDecoder {
  private readonly decoder: PackedDecoder;
  private readonly into: IntoMirror;

  /** scratch: as scratchOf makes it; any number may share one. */
  constructor(scratch: Context) {
    this.decoder = new PackedDecoder(scratch.lanes, { ...readLimits, entities: Limits.entities }, scratch);
    this.into = new IntoMirror(scratch.lanes);
  }

  apply(payload: Payload, mirror: Mirror): boolean {
    if (payload.columns.length > 0) throw new BrokenBytes("a plain frame on a packed connection");
    this.into.mirror = mirror;
    if (payload.whole) mirror.beginWhole();
    const good = this.decoder.apply(payload.keyTick ? withHash(payload) : { ...payload, packed: payload.packed ?? null, hash: 0 }, this.into);
    if (payload.whole) mirror.endWhole();
    return good;
  }

  restart(): void {
    this.decoder.restart();
  }
}
