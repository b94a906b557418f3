// A player's copy of a room, kept by packed frames, and the files that hold such frames.
import { readFileSync } from "node:fs";
import { Changed, Field, Lanes, PackedDecoder, PackedFrame, ReadLimits, widthOf } from "../src/packed/index.js";

export interface RecordedFrame {
  tick: number;
  base: number;
  kind: PackedFrame["kind"];
  to: number[];
  key?: boolean;
  hash?: number;
  packed?: string; // base64
  digest?: number;
  state?: [number, string][][];
}

export interface Scene {
  name: string;
  layout: { name: string; bytes: number; fields: Field[] }[];
  frames: RecordedFrame[];
}

export function readScenes(path: string): Scene[] {
  return JSON.parse(readFileSync(path, "utf8")) as Scene[];
}

export function goldenPath(name: string): string {
  return `${process.env.GOLDEN ?? "../../tests/golden"}/${name}`;
}

export function frameOf(recorded: RecordedFrame): PackedFrame {
  const packed = recorded.packed === undefined ? null : new Uint8Array(Buffer.from(recorded.packed, "base64"));
  return { kind: recorded.kind, keyTick: recorded.key === true, hash: recorded.hash ?? 0, packed };
}

export class Copy implements Changed {
  readonly lanes: Lanes[];
  readonly decoder: PackedDecoder;
  /** Per component the values: an opaque one, or the fields in native width, one behind the other. */
  state: Map<number, Uint8Array>[];
  told = 0;

  constructor(scene: Scene, limits?: ReadLimits) {
    this.lanes = scene.layout.map(({ fields }) => new Lanes(fields));
    this.decoder = new PackedDecoder(this.lanes, limits);
    this.state = this.lanes.map(() => new Map());
  }

  apply(frame: PackedFrame): boolean {
    if (frame.kind === "whole") this.state = this.lanes.map(() => new Map());
    return this.decoder.apply(frame, this);
  }

  removed(id: number): void {
    for (const rows of this.state) rows.delete(id);
  }

  keepOnly(ids: readonly number[]): void {
    const alive = new Set(ids);
    for (const rows of this.state) for (const id of [...rows.keys()]) if (!alive.has(id)) rows.delete(id);
  }

  put(component: number, id: number, told: Uint8Array, lanes: Int32Array, at: number): void {
    const { fields } = this.lanes[component];
    let value = this.state[component].get(id);
    if (value === undefined) {
      value = new Uint8Array(fields.reduce((sum, field) => sum + widthOf(field.type), 0));
      this.state[component].set(id, value);
    }
    const view = new DataView(value.buffer);
    let offset = 0;
    fields.forEach((field, f) => {
      if (told[f] === 1) this.lanes[component].writeField(f, lanes, at, view, offset);
      this.told += told[f];
      offset += widthOf(field.type);
    });
  }

  putOpaque(component: number, id: number, value: Uint8Array): void {
    this.state[component].set(id, value);
    this.told += value.length + 1;
  }

  /** FNV-1a 32 over every value: component (u16), entity (u32), opaque ones their length (u32), the bytes. */
  digest(): number {
    let hash = 0x811c9dc5;
    const fold = (value: number, bytes: number) => {
      for (let i = 0; i < bytes; ++i) hash = Math.imul(hash ^ ((value >>> (8 * i)) & 0xff), 0x01000193);
    };
    this.state.forEach((rows, component) => {
      for (const id of [...rows.keys()].sort((a, b) => a - b)) {
        const value = rows.get(id) as Uint8Array;
        fold(component, 2);
        fold(id, 4);
        if (this.lanes[component].opaque) fold(value.length, 4);
        for (const byte of value) fold(byte, 1);
      }
    });
    return hash >>> 0;
  }
}
