// Who is in the room, from the Player components; and who left, with the reason that an event brings a little later.
import { read } from "../buffer/read.js";
import { playerComponent } from "../state/layout.js";
import { Mirror, MirrorChange } from "../state/mirror.js";
import { parsed } from "../text.js";
import { Player } from "../types.js";
import * as wire from "../wire/index.js";
import { roles } from "./seat.js";

const eventWaitUs = 1_000_000;

interface Entry {
  player: Player;
  carrier: number; // the entity with its component
  toldLeft: boolean;
  goneUs: number; // not 0: its component is gone since
}

/** undefined where the bytes are no player. They are a value of the relay's own, and yet foreign. */
export function readPlayer(value: unknown, entity: number): Player | undefined {
  if (!(value instanceof Uint8Array)) return undefined;
  const from = read<wire.Player>(value, wire.Root.Player);
  if (from === undefined || from.number === 0) return undefined;
  const { number, id, role, connected, options } = from;
  return { number, id, role: roles[role] ?? "player", connected, options: parsed(options), entity: from.entity || entity };
}

export class Roster {
  private readonly seats = new Map<number, Entry>();

  constructor(private readonly joined: (player: Player) => void, private readonly gone: (player: Player, reason: string) => void) {}

  /** REQUIRES: the Mirror watches playerComponent. */
  apply(changes: readonly MirrorChange[], mirror: Mirror, nowUs: number): void {
    for (const { kind, component, entity, before } of changes) {
      if (component !== playerComponent) continue;
      const player = readPlayer(kind === "remove" ? before : mirror.row(component, entity)?.shown(), entity);
      if (player === undefined) continue;
      if (kind === "remove") this.removed(player.number, entity, nowUs);
      else this.present(player, entity);
    }
  }

  private present(player: Player, carrier: number): void {
    const entry = this.seats.get(player.number);
    if (entry !== undefined) {
      Object.assign(entry, { player, carrier, goneUs: 0 });
      return;
    }
    this.seats.set(player.number, { player, carrier, toldLeft: false, goneUs: 0 });
    this.joined(player);
  }

  // A seat that was made again has another entity, which may be told of before the old one goes.
  private removed(number: number, carrier: number, nowUs: number): void {
    const entry = this.seats.get(number);
    if (entry?.carrier !== carrier) return;
    if (entry.toldLeft) this.seats.delete(number);
    else entry.goneUs = nowUs;
  }

  left(number: number, reason: string): void {
    const entry = this.seats.get(number);
    if (entry === undefined || entry.toldLeft) return;
    if (entry.goneUs !== 0) this.seats.delete(number);
    else entry.toldLeft = true;
    this.gone(entry.player, reason);
  }

  /** Whose event did not come within a second (it was lost): they left all the same. */
  step(nowUs: number): void {
    for (const [number, entry] of [...this.seats]) if (entry.goneUs !== 0 && nowUs - entry.goneUs >= eventWaitUs) this.left(number, "left");
  }

  get dueUs(): number {
    let due = Infinity;
    for (const { goneUs } of this.seats.values()) if (goneUs !== 0) due = Math.min(due, goneUs + eventWaitUs);
    return due;
  }

  /** By number. */
  get players(): Player[] {
    const here = [...this.seats.values()].filter((entry) => entry.goneUs === 0 && !entry.toldLeft);
    return here.map((entry) => entry.player).sort((a, b) => a.number - b.number);
  }
}
