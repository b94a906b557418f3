// What Welcome told about this player's place in the room.
import { BrokenBytes } from "../errors.js";
import { Role } from "../types.js";
import * as wire from "../wire/index.js";
import { IdBlocks } from "./id_blocks.js";

export const roles: readonly Role[] = ["player", "spectator", "authority"];

/** µs of the relay's clock as a number; modulo 2⁶⁴ below zero for a room that is older than its relay's clock. */
export function microseconds(relayUs: bigint): number {
  const us = Number(BigInt.asIntN(64, relayUs));
  if (Math.abs(us) > 2 ** 53) throw new BrokenBytes("the relay's clock is out of range");
  return us;
}

export class Seat {
  roomId = "";
  type = "";
  player = 0;
  playerId = "";
  role: Role = "player";
  entity = 0;
  session = "";
  tickRate = 0; // Hz
  sendRate = 1;
  tickZeroUs = 0; // relay's clock
  graceUs = 0;
  inputsAnswered = false; // by an authority: Yours.answeredSeq counts for predictions
  readonly ids = new IdBlocks();

  /** sameTerm: as before; else what was granted is of an interval that is lost, perhaps. */
  take(welcome: wire.Welcome, sameTerm: boolean): void {
    if (!welcome.resumed) this.ids.clear();
    if (!sameTerm) this.ids.forget();
    this.roomId = welcome.roomId;
    this.type = welcome.type;
    this.player = welcome.player;
    this.playerId = welcome.playerId;
    this.role = roles[welcome.role] ?? "player";
    this.entity = welcome.entity;
    this.session = welcome.session;
    this.tickRate = welcome.tickRate;
    this.sendRate = Math.max(welcome.sendRate, 1);
    this.tickZeroUs = microseconds(welcome.tickZeroUs);
    this.graceUs = welcome.graceMs * 1000;
    this.inputsAnswered = welcome.inputsAnswered;
    this.ids.add(welcome.idsFirst, welcome.idsCount);
  }

  /** The tick, with its fraction, at that time of the relay's clock. */
  ticksAt(relayUs: number): number {
    return ((relayUs - this.tickZeroUs) * this.tickRate) / 1e6;
  }

  tickUs(tick: number): number {
    return this.tickRate === 0 ? 0 : this.tickZeroUs + (tick * 1e6) / this.tickRate;
  }
}
