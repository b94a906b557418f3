// Foreign bytes → what they say.
import { read } from "../buffer/read.js";
import { Limits } from "../limits.js";
import * as wire from "../wire/index.js";

/** Neither: no message of this protocol. null: a text. */
export function heard(bytes: Uint8Array | null): { readonly message?: wire.Message; readonly frame?: wire.StateFrame } {
  if (bytes === null || bytes.length > Limits.receivedBytes) return {};
  const message = read<wire.Message>(bytes, wire.Root.Message, "TRM1");
  return message === undefined ? { frame: read<wire.StateFrame>(bytes, wire.Root.StateFrame, "TRF1") } : { message };
}
