// What can go wrong, in words for people and labels for programs.

/** Close codes: PROTOCOL.md, "Close codes". 4000 to 4399: the SDK comes back by itself; 4400 and above: it stops. */
export const CloseCode = {
  left: 1000, unreachable: 1006, goingAway: 4000, moved: 4001, restarting: 4002, serverError: 4003, notAcknowledged: 4004,
  overloaded: 4005, protocolError: 4400, badTicket: 4401, forbidden: 4403, roomNotFound: 4404, unknownType: 4405,
  incompatibleSchema: 4406, joinTimeout: 4408, replaced: 4409, roomClosed: 4410, sessionUnknown: 4411, messageTooLarge: 4413,
  roomLocked: 4423, rateLimit: 4429, roomFull: 4430, kicked: 4440, banned: 4441, logicFailed: 4450,
} as const;

const remedies: Record<string, string> = {
  connection_lost: "is the relay running?",
  bad_ticket: "a ticket is spent once: ask for a fresh one",
  forbidden: "clients may not create this type, or the role needs a ticket",
  room_not_found: "see client.rooms(), or joinOrCreate",
  unknown_type: "the relay's configuration has no such [type.NAME]",
  incompatible_schema: "run npx tickrelay-schema on the room's schema",
  replaced: "this player id joined from elsewhere",
  session_unknown: "the seat is gone: join anew",
  room_full: "try another room",
  room_locked: "try another room",
  protocol_error: "compare the versions of SDK and relay",
};

const labels: Record<number, string> = { 1001: "going_away", 1006: "connection_lost" };
for (const [name, code] of Object.entries(CloseCode)) labels[code] ??= name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);

/** A close code's label as PROTOCOL.md has it; "closed" where there is none. */
export function labelOf(code: number): string {
  return labels[code] ?? "closed";
}

/** The SDK was used in a way that cannot be, or the relay refused. `label`: "bad_usage", "timeout" or one of PROTOCOL.md. */
export class TickrelayError extends Error {
  override name = "TickrelayError";

  /** action: the number of the refused action; 0: none. */
  constructor(readonly label: string, message: string, readonly action = 0) {
    super(message);
  }
}

/** The room could not be joined. `code`: a close code. */
export class JoinError extends TickrelayError {
  override name = "JoinError";

  constructor(readonly code: number, reason: string, what: string) {
    const label = /^[a-z_]+(?=$|:)/.exec(reason)?.[0] ?? labelOf(code);
    const remedy = remedies[label];
    super(label, `${what}: ${reason} (close code ${code})${remedy === undefined ? "" : ` - ${remedy}`}`);
  }
}

/** Bytes from the relay that cannot be: the connection ends with protocol_error. */
export class BrokenBytes extends Error {
  override name = "BrokenBytes";
}

export function badUsage(message: string): TickrelayError {
  return new TickrelayError("bad_usage", message);
}

/** An error of the game's own call-back: it must not leave the SDK half-way, nor vanish. */
export function throwLater(error: unknown): void {
  queueMicrotask(() => {
    throw error;
  });
}
