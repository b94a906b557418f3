// The game of one tab: its ship, what is drawn of the others, and what is told the relay.
import { Controls } from "./controls.js";
import { Field } from "./draw.js";
import { botName, hueOf, playerName } from "./names.js";
import { Ship, fieldRadius } from "./ship.js";
import { Sparks } from "./sparks.js";

const stepMax = 0.05; // s; a page that was away does not jump

export class Game {
  constructor(canvas) {
    this.field = new Field(canvas);
    this.sparks = new Sparks();
    this.controls = new Controls(canvas, () => this.field.onScreen(this.ship), () => this.ship.dash());
    this.ship = new Ship();
    this.room = undefined;
  }

  enter(room) {
    this.room = room;
    this.entity = 0;
    room.interpolate("Transform");
    this.ends = [
      room.onSendTick(() => this.tell()),
      room.onChange("Transform", (entity, value, before) => this.gemMoved(entity, before)),
      room.onRemove("Transform", (entity) => this.sparks.forget(entity)),
    ];
  }

  leave() {
    this.ends?.forEach((end) => end());
    this.room = undefined;
    this.entity = 0;
  }

  /** One's own ship in the state: made where there is none, taken up again after a resume. */
  findShip() {
    const { room } = this;
    if (room.state.tick === 0) return;
    for (const [entity, { pos, yaw }] of room.state.each("Transform")) {
      if (room.state.owner(entity) !== room.player) continue;
      this.entity = entity;
      this.ship = new Ship(pos.x, pos.z, yaw);
      return;
    }
    const angle = Math.random() * 2 * Math.PI;
    this.ship = new Ship(Math.cos(angle) * fieldRadius * 0.5, Math.sin(angle) * fieldRadius * 0.5, angle + Math.PI);
    this.entity = room.spawn("Transform", this.value());
  }

  value() {
    const { x, z, yaw } = this.ship;
    return { pos: { x, y: 0, z }, yaw };
  }

  /** Once a tick. */
  tell() {
    const { room } = this;
    if (this.entity === 0 || !room.state.has(this.entity, "Transform")) this.findShip();
    else room.set(this.entity, "Transform", this.value());
  }

  gemMoved(entity, before) {
    const health = this.room.state.get(entity, "Health");
    if (health === undefined || before === undefined) return;
    this.sparks.burst(before.pos.x, before.pos.z, health.points > 1 ? this.field.colours.gold : this.field.colours.gem, health.points > 1 ? 26 : 12);
  }

  /** What is on the field now, as it is to be seen. */
  look() {
    const { room } = this;
    const players = new Map(room.players.map((player) => [player.number, player]));
    const ships = [], gems = [];
    for (const [entity] of room.state.each("Transform")) {
      const health = room.state.get(entity, "Health");
      const { pos, yaw } = (health === undefined ? room.interpolated(entity, "Transform") : room.state.get(entity, "Transform")) ?? {};
      if (pos === undefined || entity === this.entity) continue;
      const owner = room.state.owner(entity);
      if (health !== undefined) gems.push({ x: pos.x, z: pos.z, worth: health.points });
      else if (owner === 0) ships.push({ entity, x: pos.x, z: pos.z, yaw, hue: hueOf(entity), name: botName(entity) });
      else {
        const player = players.get(owner);
        ships.push({ entity, x: pos.x, z: pos.z, yaw, hue: hueOf(owner + 100), name: playerName(player), away: player?.connected === false });
      }
    }
    return { ships, gems };
  }

  frame(seconds) {
    const { field, ship, sparks, room } = this;
    const step = Math.min(seconds, stepMax);
    const { ships, gems } = room === undefined || room.phase === "left" ? { ships: [], gems: [] } : this.look();
    if (this.entity) ship.move(step, this.controls.push(), ships);
    sparks.move(step);
    field.follow(ship, step);
    field.begin();
    const now = performance.now() / 1000;
    for (const gem of gems) field.gem(gem, gem.worth, now);
    for (const each of ships) field.ship(each, sparks.trail(each.entity, each.x, each.z));
    if (this.entity) {
      const own = { ...this.value(), x: ship.x, z: ship.z, hue: hueOf(room.player + 100), name: playerName(room.players.find(({ number }) => number === room.player)), own: true };
      field.ship(own, sparks.trail(this.entity, ship.x, ship.z));
    }
    field.sparks(sparks.sparks);
  }
}
