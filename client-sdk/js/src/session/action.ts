// One thing that this player did, until the relay has it.
import { Component, Stored } from "../state/component.js";
import * as wire from "../wire/index.js";

export interface Action {
  readonly kind: wire.ActionKind;
  seq: number;
  readonly entity: number;
  readonly component?: Component; // Set, Spawn
  readonly told?: Uint8Array; // Set, Spawn: 1 per field that counts
  readonly values?: Stored[];
  readonly flags?: number; // Spawn: wire.ActionFlags
  readonly data?: Uint8Array; // an input's, a message's, an answer's payload
  readonly type?: string;
  readonly audience?: wire.Audience;
  readonly to?: readonly number[];
  readonly request?: number; // Message: not 0 wants an answer; Answer: which
  sealed?: boolean; // Set: something else was done to the entity since, later values may not move before it
}

/** About what it takes on the wire and in memory. */
export function bytesOfAction(action: Action): number {
  const data = action.data?.length ?? 0;
  const values = action.component === undefined ? 0 : action.component.opaque ? (action.values?.[0] as Uint8Array).length : action.component.count * 8;
  return 96 + data + values + (action.type?.length ?? 0) * 3 + (action.to?.length ?? 0) * 4;
}
