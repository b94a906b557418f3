// A seat in a room: what a game reads, writes and hears. Made by Client's joins, so it has been joined.
//
// Call-backs run when the relay's messages arrive, never inside a call of the game's. What one throws is thrown by itself, out
// of the SDK's way. Every on…() returns a function that ends it.
import { badUsage } from "./errors.js";
import { PredictOptions, Step } from "./feel/prediction.js";
import { Component } from "./state/component.js";
import { Layout } from "./state/layout.js";
import { MirrorChange } from "./state/mirror.js";
import { State } from "./state/state.js";
import { ChangeCall, Calls, RequestCall } from "./session/listeners.js";
import { Runner } from "./session/runner.js";
import { Phase, Session } from "./session/session.js";
import { TickrelayError } from "./errors.js";
import {
  AnyComponents, ComponentName, Data, EntityId, Fields, Message, Payload, Player, PlayerNumber, Reconnected, RequestOptions, Role, SendOptions,
  SpawnOptions, Stats, Unsubscribe,
} from "./types.js";

/** Times, in seconds. */
export class RoomClock {
  /** @internal */
  constructor(private readonly session: Session, private readonly runner: Runner) {}

  /** This machine's, from an arbitrary zero. */
  get now(): number {
    return this.runner.nowUs() / 1e6;
  }

  /** The room's: tick n happens at n / tickRate. Within 2 ms on a quiet link, corrected smoothly, never backwards. */
  get serverNow(): number {
    return (this.session.clock.relayUs(this.runner.nowUs()) - this.session.seat.tickZeroUs) / 1e6;
  }

  /** serverNow less delay: what to draw, and what a player saw when it acted. */
  get renderNow(): number {
    return (this.session.clock.renderUs(this.runner.nowUs()) - this.session.seat.tickZeroUs) / 1e6;
  }

  /** How far renderNow is behind serverNow: what 99 of 100 frames take, and one more frame. */
  get delay(): number {
    return this.serverNow - this.renderNow;
  }

  /** Hz */
  get tickRate(): number {
    return this.session.seat.tickRate;
  }
}

type ValueCall<Value> = (entity: EntityId, value: Value, before: Value | undefined, component: string) => unknown;

export class Room<Components extends object = AnyComponents> {
  readonly state: State<Components>;
  readonly clock: RoomClock;
  private readonly session: Session;

  /** @internal For Client alone. */
  constructor(private readonly runner: Runner) {
    this.session = runner.session;
    this.state = new State(this.session.mirror);
    this.clock = new RoomClock(this.session, runner);
  }

  // --------------------------------------------------------------------------------------------------- what it is

  get phase(): Phase {
    return this.session.phase;
  }

  get roomId(): string {
    return this.session.seat.roomId;
  }

  get type(): string {
    return this.session.seat.type;
  }

  /** Own seat. */
  get player(): PlayerNumber {
    return this.session.seat.player;
  }

  get playerId(): string {
    return this.session.seat.playerId;
  }

  get role(): Role {
    return this.session.seat.role;
  }

  /** Own seat's entity. */
  get entity(): EntityId {
    return this.session.seat.entity;
  }

  /** For Client.reconnect, within the room's grace time, also from another process or page. A secret. */
  get reconnectionToken(): string {
    return `${this.session.seat.roomId}:${this.session.seat.session}`;
  }

  /** By number. */
  get players(): Player[] {
    return this.session.roster.players;
  }

  /** Round trip, s; 0 before the first is known. */
  get latency(): number {
    return this.session.clock.roundTripUs / 1e6;
  }

  /** The room's clock now less the time of the newest complete tick, s; 0 before a frame. */
  get stateAge(): number {
    return this.session.stateAgeUs(this.runner.nowUs()) / 1e6;
  }

  get stats(): Readonly<Stats> {
    return this.session.stats;
  }

  // --------------------------------------------------------------------------------------------------- call-backs

  /** After each applied frame. */
  onStateChange(call: (state: State<Components>, tick: number) => unknown): Unsubscribe {
    return this.session.listeners.stateChange.add((tick) => call(this.state, tick));
  }

  /**
   * When an entity gets, changes, loses a component, by whomever, oneself included. onAdd tells of those that are there already,
   * too. "*": every component. After a whole frame these tell the difference to what was there before.
   */
  onAdd<Name extends ComponentName<Components>>(component: Name | "*", call: ValueCall<Components[Name]>): Unsubscribe {
    return this.onValue("add", component, call as ChangeCall);
  }

  onChange<Name extends ComponentName<Components>>(component: Name | "*", call: ValueCall<Components[Name]>): Unsubscribe {
    return this.onValue("change", component, call as ChangeCall);
  }

  /** value: the last one. */
  onRemove<Name extends ComponentName<Components>>(component: Name | "*", call: ValueCall<Components[Name]>): Unsubscribe {
    return this.onValue("remove", component, call as ChangeCall);
  }

  private onValue(kind: MirrorChange["kind"], component: string, call: ChangeCall): Unsubscribe {
    const end = this.session.listeners.changes.on(kind, component, call);
    this.runner.soon();
    return end;
  }

  /** "*" hears every type that has no call-back of its own. */
  onMessage(type: string, call: (message: Message) => unknown): Unsubscribe {
    const { messages } = this.session.listeners;
    const calls = messages.get(type) ?? new Calls<[Message]>();
    messages.set(type, calls);
    const end = calls.add(call);
    return () => {
      end();
      if (calls.empty && messages.get(type) === calls) messages.delete(type);
    };
  }

  /** What call returns, or its promise gives, is the answer. One a type; requests without one go to onMessage, which may answer(). */
  onRequest(type: string, call: RequestCall): Unsubscribe {
    const { requests } = this.session.listeners;
    if (requests.has(type)) throw badUsage(`onRequest '${type}': there is a call-back for it already, and a request has one answer`);
    requests.set(type, call);
    return () => {
      if (requests.get(type) === call) requests.delete(type);
    };
  }

  /** For a connection with role "authority": a player's input, with its number. */
  onInput(call: (message: Message, number: number) => unknown): Unsubscribe {
    return this.session.listeners.input.add(call);
  }

  /** Also for those that are there, yourself included. */
  onPlayerJoin(call: (player: Player) => unknown): Unsubscribe {
    const here = this.players;
    const end = this.session.listeners.playerJoin.add(call);
    const late = new Calls<[Player]>();
    const endLate = late.add(call);
    queueMicrotask(() => here.forEach((player) => late.tell(player)));
    return () => {
      end();
      endLate();
    };
  }

  onPlayerLeave(call: (player: Player, reason: string) => unknown): Unsubscribe {
    return this.session.listeners.playerLeave.add(call);
  }

  /** The connection is lost and the SDK is coming back: onReconnect or onLeave follows. */
  onDrop(call: (code: number, reason: string) => unknown): Unsubscribe {
    return this.session.listeners.drop.add(call);
  }

  onReconnect(call: (how: Reconnected) => unknown): Unsubscribe {
    return this.session.listeners.reconnect.add(call);
  }

  /** The end, once. */
  onLeave(call: (code: number, reason: string) => unknown): Unsubscribe {
    return this.session.listeners.leave.add(call);
  }

  /** The relay refused an action (label as in PROTOCOL.md), or messages were lost ("events_lost"). */
  onError(call: (error: TickrelayError) => unknown): Unsubscribe {
    return this.session.listeners.error.add(call);
  }

  // ------------------------------------------------------------------------------------------- what a player does
  // Each gives the action's number, and throws a TickrelayError where it cannot be done. Everything but inputs and superseded
  // values survives a lost connection and arrives exactly once.

  /** A payload of at most 16 KiB. */
  send(type: string, payload?: Data, options: SendOptions = {}): number {
    return this.session.actions.send(type, payload, options.to);
  }

  /** Rejects with a TickrelayError: "timeout", "left", or a refusal label of PROTOCOL.md. */
  async request(type: string, payload?: Data, options: RequestOptions = {}): Promise<Payload> {
    const deadlineUs = this.runner.nowUs() + (options.timeout ?? 5) * 1e6;
    return new Payload(await this.session.actions.request(type, payload, options.to, deadlineUs));
  }

  /** Answers a message with `request` not 0, once, at any time. */
  answer(message: Message, payload?: Data): number {
    if (message.request === 0) throw badUsage(`answer: the message '${message.type}' asks for none`);
    return this.session.actions.answer(message.player, message.request, payload);
  }

  /**
   * A new entity of one's own with this first component; fields left out are 0. It is in the state at once, rounded as the relay
   * will.
   */
  spawn<Name extends ComponentName<Components>>(component: Name, fields: Fields<Components[Name]>, options: SpawnOptions = {}): EntityId {
    return this.session.actions.spawn(component, fields, options);
  }

  /** Only the fields that differ from what the state shows are sent. The state shows them at once, rounded as the relay will. */
  set<Name extends ComponentName<Components>>(entity: EntityId, component: Name, fields: Fields<Components[Name]>): number {
    return this.session.actions.set(entity, component, fields);
  }

  despawn(entity: EntityId): number {
    return this.session.actions.despawn(entity);
  }

  /** Become the owner of what is nobody's. */
  claim(entity: EntityId): number {
    return this.session.actions.claim(entity);
  }

  /** Up to 1 KiB, for the logic or the authority. Only the newest is sure to be seen. Predictions take it up at once. */
  input(data: Data): number {
    return this.session.actions.input(data);
  }

  // ------------------------------------------------------------------------------------------------- how it is shown

  /** From now on keep what interpolated() needs of this component. */
  interpolate(component: ComponentName<Components>): void {
    this.session.interpolation.want(this.component(component));
  }

  /**
   * What to draw now: of a predicted entity its prediction, of other own ones the state, of others' the value at clock.renderNow,
   * carried on for at most 0.25 s where no frame came. As state.get() where nobody asked to interpolate().
   */
  interpolated<Name extends ComponentName<Components>>(entity: EntityId, component: Name): Components[Name] | undefined {
    const kind = this.component(component);
    const { interpolation, prediction, seat, clock } = this.session;
    const nowUs = this.runner.nowUs();
    const ahead = prediction.at(kind.index, entity, true, nowUs);
    if (ahead !== undefined) return kind.view(ahead) as Components[Name];
    const own = this.state.owner(entity) === seat.player;
    const there = own ? undefined : interpolation.at(kind.index, entity, seat.ticksAt(clock.renderUs(nowUs)), seat.tickRate / 4);
    return there === undefined ? this.state.get(entity, component) : (kind.view(there) as Components[Name]);
  }

  /**
   * Shows an entity as the game's own inputs move it, without waiting for the relay: `step` does with a value what the relay's logic
   * does with an input. When the relay has taken inputs up, its value counts, with those on top that it has not.
   */
  predict<Name extends ComponentName<Components>>(entity: EntityId, component: Name, step: Step<Components[Name]>, options: PredictOptions = {}): void {
    const kind = this.component(component);
    if (kind.opaque) throw badUsage(`predict: '${component}' is a table: only structs can be predicted`);
    this.session.prediction.add(kind, entity, step as Step<unknown>, options);
  }

  stopPredicting(entity: EntityId, component: ComponentName<Components>): void {
    this.session.prediction.remove(this.component(component).index, entity);
  }

  /** The newest prediction, as it is without smoothing; undefined: there is none. */
  predicted<Name extends ComponentName<Components>>(entity: EntityId, component: Name): Components[Name] | undefined {
    const kind = this.component(component);
    const values = this.session.prediction.at(kind.index, entity, false, this.runner.nowUs());
    return values === undefined ? undefined : (kind.view(values) as Components[Name]);
  }

  private component(name: string): Component {
    return (this.session.mirror.layout as Layout).get(name);
  }

  /** Once a tick, at the moment at which what is set and put in here reaches the relay just before its own tick. */
  onSendTick(call: () => unknown): Unsubscribe {
    const end = this.session.sendPhase.calls.add(call);
    this.runner.soon();
    return end;
  }

  /** Seconds until the next onSendTick is due. */
  get nextSendTick(): number {
    const nowUs = this.runner.nowUs();
    return (this.session.sendPhase.nextUs(nowUs) - nowUs) / 1e6;
  }

  /**
   * State at most so many bytes a second, for a metered line: it comes less often then, and with the budget lifted (0) is whole
   * again within a round trip. Holds over reconnects. A page in the background does this by itself.
   */
  setBudget(bytesPerS: number): void {
    this.session.setBudget(bytesPerS);
    this.runner.soon();
  }

  /** What waits is sent first. Settles when it is over, after onLeave(1000, "left"). */
  leave(): Promise<void> {
    if (this.phase === "left") return Promise.resolve();
    const over = new Promise<void>((resolve) => this.onLeave(() => resolve()));
    this.session.leave();
    this.runner.soon();
    return over;
  }
}
