// Codec plain: columns of ids, masks and values in native width.
import { BrokenBytes } from "../errors.js";
import * as wire from "../wire/index.js";
import { Component, Stored } from "./component.js";
import { widthOf } from "./field.js";
import { Layout } from "./layout.js";
import { Mirror } from "./mirror.js";
import { readNative } from "./native.js";
import { Payload, PayloadDecoder } from "./payload.js";

const none = new Uint8Array(0);

export class PlainDecoder implements PayloadDecoder {
  private readonly told = new Uint8Array(64);
  private readonly values: Stored[] = [];

  constructor(private readonly layout: Layout) {}

  apply(payload: Payload, mirror: Mirror): boolean {
    if (payload.packed !== undefined) throw new BrokenBytes("a packed frame on a plain connection");
    if (payload.whole) mirror.beginWhole();
    if (payload.alive !== undefined) mirror.keepOnly(payload.alive);
    for (const entity of payload.removed ?? []) mirror.remove(entity);
    for (const column of payload.columns) this.readColumn(column, mirror);
    if (payload.whole) mirror.endWhole();
    return true;
  }

  restart(): void {}

  private readColumn(column: wire.Column, mirror: Mirror): void {
    const component = this.layout.components[column.component];
    if (component === undefined) throw new BrokenBytes(`a frame names component ${column.component} beyond the layout`);
    const { ids, values: bytes = none } = column;
    if (ids === undefined || ids.length === 0) return;
    const end = component.opaque ? this.readOpaque(column, component, ids, bytes, mirror) : this.readFields(column, component, ids, bytes, mirror);
    if (end !== bytes.length) throw broken(component, "a column has more values than entities");
  }

  private readOpaque(column: wire.Column, component: Component, ids: Uint32Array, bytes: Uint8Array, mirror: Mirror): number {
    const { lengths } = column;
    if (lengths === undefined || lengths.length !== ids.length) throw broken(component, "an opaque column lacks lengths");
    this.told[0] = 1;
    let at = 0;
    for (let k = 0; k < ids.length; at += lengths[k++]) {
      if (lengths[k] > bytes.length - at) throw broken(component, "a column has too few values");
      this.values[0] = bytes.slice(at, at + lengths[k]);
      mirror.put(component.index, ids[k], this.told, this.values);
    }
    return at;
  }

  private readFields(column: wire.Column, component: Component, ids: Uint32Array, bytes: Uint8Array, mirror: Mirror): number {
    const { masks } = column;
    const maskBytes = (component.fields.length + 7) >> 3;
    if (masks !== undefined && masks.length !== ids.length * maskBytes) throw broken(component, "a column has a wrong number of masks");
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    let at = 0;
    for (let k = 0; k < ids.length; ++k) {
      if (masks !== undefined) checkMask(component, masks, k * maskBytes, maskBytes);
      for (let f = 0; f < component.fields.length; ++f) {
        const told = masks === undefined ? 1 : (masks[k * maskBytes + (f >> 3)] >> (f & 7)) & 1;
        this.told[f] = told;
        if (told === 0) continue;
        const { type } = component.fields[f];
        if (widthOf(type) > bytes.length - at) throw broken(component, "a column has too few values");
        this.values[f] = readNative(type, view, at);
        at += widthOf(type);
      }
      mirror.put(component.index, ids[k], this.told, this.values);
    }
    return at;
  }
}

function checkMask(component: Component, masks: Uint8Array, at: number, bytes: number): void {
  const beyond = component.fields.length & 7;
  if (beyond !== 0 && masks[at + bytes - 1] >> beyond !== 0) throw broken(component, "a mask names fields that are not there");
}

function broken(component: Component, what: string): BrokenBytes {
  return new BrokenBytes(`${what} (${component.name})`);
}
