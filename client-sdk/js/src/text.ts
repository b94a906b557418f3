// Between what games hold and bytes.
import { badUsage } from "./errors.js";
import { Data } from "./types.js";

const encoder = new TextEncoder();

/** Throws a TickrelayError where it is larger than `most`, a TypeError where it has no JSON (a circle). */
export function bytesOf(data: Data, most: number, where: string): Uint8Array {
  const bytes = encoded(data);
  if (bytes.length > most) throw badUsage(`${where}: ${bytes.length} bytes, and at most ${most} may be sent: split it, or send a reference`);
  return bytes;
}

function encoded(data: Data): Uint8Array {
  if (data === undefined) return new Uint8Array(0);
  if (data instanceof Uint8Array) return new Uint8Array(data); // sent later, and perhaps again; a Buffer's slice() is no copy
  if (data instanceof ArrayBuffer) return new Uint8Array(data.slice(0));
  return encoder.encode(typeof data === "string" ? data : JSON.stringify(data));
}

/** JSON for options and metadata; "" for undefined. */
export function jsonOf(value: unknown, most: number, where: string): string {
  if (value === undefined) return "";
  const text = JSON.stringify(value);
  bytesOf(text, most, where);
  return text;
}

/** undefined where there is none, or it is no JSON. */
export function parsed(json: string): unknown {
  if (json === "") return undefined;
  try {
    return JSON.parse(json) as unknown;
  } catch {
    return undefined;
  }
}

export function checkedName(name: string, most: number, where: string): string {
  bytesOf(name, most, where);
  return name;
}
