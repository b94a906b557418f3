// The protocol of one seat, without sockets and without a clock of its own: bytes and times (µs) come in, bytes go to a Link.
// A Runner feeds it, a Room shows it.
import { BrokenBytes, CloseCode, labelOf } from "../errors.js";
import { Limits } from "../limits.js";
import { Interpolation } from "../feel/interpolation.js";
import { Prediction } from "../feel/prediction.js";
import { SendPhase } from "../feel/send_phase.js";
import { Link } from "../link/link.js";
import { socketUrl } from "../link/url.js";
import { PackedError } from "../packed/reader.js";
import { Layout, playerComponent, readLayout } from "../state/layout.js";
import { Mirror } from "../state/mirror.js";
import { Schema, Stats } from "../types.js";
import { unfit } from "../schema.js";
import * as wire from "../wire/index.js";
import { Actions } from "./actions.js";
import { JoinRequest, composeJoin } from "./compose.js";
import { Events } from "./events.js";
import { Frames } from "./frames.js";
import { heard } from "./heard.js";
import { Intake } from "./intake.js";
import { Listeners } from "./listeners.js";
import { Outbox } from "./outbox.js";
import { Outgoing } from "./outgoing.js";
import { Patience } from "./patience.js";
import { Requests } from "./requests.js";
import { Retry, isAway } from "./retry.js";
import { Roster } from "./roster.js";
import { Seat, microseconds } from "./seat.js";
import { ServerClock } from "./server_clock.js";
import { Shield } from "./shield.js";

const settledUs = 5_000_000; // a connection that lasted this long ends the back-off
const sleptUs = 2_500_000; // not called for so long: this program slept, the relay did not fall silent

export type Phase = "joining" | "joined" | "dropped" | "left";

export interface SessionOptions {
  readonly joinTimeoutUs: number;
  readonly promptAcks: boolean;
  readonly lossShield: boolean;
  readonly alignSends: boolean;
  readonly schema: Schema<object> | undefined;
  random(): number;
}

export class Session {
  phase: Phase = "joining";
  url: string; // where the room is, as far as it was told
  leaveCode = 0; // with phase left
  leaveReason = "";
  readonly seat = new Seat();
  readonly mirror = new Mirror();
  readonly clock = new ServerClock();
  readonly stats: Stats = { frames: 0, discarded: 0, bytesReceived: 0, bytesSent: 0, reconnects: 0, resyncs: 0, copies: 0, shielded: 0, earlyUs: 0 };
  readonly listeners = new Listeners(this.mirror);
  readonly roster = new Roster((player) => this.listeners.playerJoin.tell(player), (player, reason) => this.listeners.playerLeave.tell(player, reason));
  readonly actions: Actions;
  readonly interpolation = new Interpolation(this.mirror);
  readonly prediction = new Prediction(this.mirror);
  readonly sendPhase: SendPhase;
  readonly shield: Shield; // wants a link of its own

  private readonly frames = new Frames(this.mirror);
  private readonly outbox = new Outbox(this.frames.have);
  private readonly requests = new Requests();
  private readonly outgoing: Outgoing;
  private readonly intake: Intake;
  private readonly retry: Retry;
  private link: Link | undefined;
  private opened_ = false; // the Link is
  private welcomed = false; // ... and the relay answered on it
  private leaving = false;
  private dialUs = 0; // not before
  private askedUs = 0; // this connection was begun, or the Join sent on it
  private droppedUs = 0; // the seat lost its connection
  private welcomedUs = 0;
  private heardUs = 0; // anything at all
  private readonly patience = new Patience();
  private steppedUs: number;
  private graced = false; // the silence after a sleep was forgiven once
  private leaveUs = 0; // leave() was called, as seen by step

  /** work: something waits for a step. */
  constructor(url: string, private readonly request: JoinRequest, private readonly options: SessionOptions, private readonly joiningUs: number, work: () => void) {
    this.url = url;
    this.steppedUs = joiningUs;
    this.retry = new Retry(options.random, url);
    this.seat.roomId = request.roomId ?? "";
    this.seat.session = request.session ?? "";
    this.actions = new Actions(this.mirror, this.outbox, this.seat, this.requests, this.prediction, () => this.fault, work);
    this.shield = new Shield(options.lossShield, this.seat, options.random, (bytes, nowUs) => this.receiveCopy(bytes, nowUs));
    this.sendPhase = new SendPhase(options.alignSends, this.clock, this.seat);
    this.outgoing = new Outgoing(this.frames.have, this.outbox, (message) => this.write(message), (seq, nowUs) => this.sendPhase.wrote(seq, nowUs));
    const events = new Events(this.seat, this.listeners, this.requests, this.roster, this.actions);
    this.intake = new Intake(this, options.promptAcks, this.frames, this.outbox, [this.outgoing.acks, this.shield.acks], events, (message) => this.write(message));
  }

  private get fault(): string | undefined {
    return this.phase === "left" || this.leaving ? "the room was left" : undefined;
  }

  // --------------------------------------------------------------------------------------------------- the way in

  wantsLink(nowUs: number): boolean {
    return this.link === undefined && this.phase !== "left" && this.dialUs <= nowUs;
  }

  /** undefined: it could not even be tried. */
  dialled(link: Link | undefined, nowUs: number, reason = ""): void {
    this.link = link;
    this.opened_ = this.welcomed = this.retry.moved = false;
    this.askedUs = this.heardUs = nowUs;
    if (link === undefined) this.lost(CloseCode.unreachable, reason, nowUs);
  }

  opened(nowUs: number): void {
    this.opened_ = true;
    this.askedUs = this.heardUs = nowUs;
    const { seat, request } = this;
    const resume = { mode: wire.JoinMode.Resume, roomId: seat.roomId, session: seat.session };
    const join = seat.session === "" ? request : { ...request, ...resume, ticket: undefined };
    this.write(composeJoin(join, this.frames.have, this.mirror.layout?.fingerprint ?? 0n, this.options.promptAcks));
  }

  private welcome(welcome: wire.Welcome, nowUs: number): void {
    if (this.welcomed) throw new BrokenBytes("the relay sent a second Welcome");
    if (!this.takeLayout(welcome, nowUs)) return;
    if (!this.frames.begin(welcome.codec, this.mirror.layout as Layout))
      return this.giveUp(CloseCode.incompatibleSchema, "the room's codec needs a newer SDK");
    this.welcomed = true;
    this.welcomedUs = nowUs;
    const back = this.phase === "dropped";
    const sameTerm = welcome.term === this.frames.have.term;
    const sameTime = welcome.resumed && sameTerm;
    if (!sameTime) this.clock.restart();
    this.clock.guess(this.askedUs, nowUs, microseconds(welcome.serverUs));
    this.seat.take(welcome, sameTerm);
    this.continueFrom(welcome);
    this.outgoing.start(welcome.ackIntervalMs * 1000, nowUs);
    this.shield.acks.start(welcome.ackIntervalMs * 1000);
    this.retry.welcomed();
    this.sendPhase.start(sameTime, nowUs);
    this.phase = "joined";
    this.raiseShield(nowUs);
    if (!back) return;
    ++this.stats.reconnects;
    this.listeners.reconnect.tell({ rolledBack: welcome.rolledBack || !welcome.resumed });
  }

  private takeLayout(welcome: wire.Welcome, nowUs: number): boolean {
    const from = welcome.layout;
    const before = this.mirror.layout;
    if (from === undefined) {
      if (before !== undefined) return true;
      throw new BrokenBytes("the relay sent no layout");
    }
    const layout = readLayout(from);
    if (before?.fingerprint === layout.fingerprint) return true;
    if (before !== undefined) {
      // Another schema since: everything goes, and comes again.
      this.mirror.keepOnly([]);
      this.intake.changes(nowUs);
      this.outbox.forget();
    }
    const fault = this.options.schema === undefined ? undefined : unfit(this.options.schema, layout);
    if (fault !== undefined) {
      this.giveUp(CloseCode.incompatibleSchema, fault);
      return false;
    }
    this.frames.forget();
    this.mirror.reset(layout);
    this.mirror.watch(playerComponent);
    this.listeners.changes.attach();
    this.interpolation.attach();
    this.prediction.attach();
    return true;
  }

  // What this side has, and what the relay is to hear again.
  private continueFrom(welcome: wire.Welcome): void {
    const delta = welcome.resumed && !welcome.rolledBack;
    const { have } = this.frames;
    Object.assign(have, { term: welcome.term, tick: delta ? have.tick : 0, event: welcome.event, direct: welcome.direct });
    const applied = welcome.appliedSeq;
    this.outbox.continueAfter(applied);
    if (welcome.resumed) {
      const firstUnsent = this.outbox.resume(applied);
      this.prediction.forgetBetween(applied, firstUnsent);
      return this.actions.repeatSets(firstUnsent, applied);
    }
    this.prediction.forgetBetween(0, Infinity);
    this.outbox.forget();
    this.mirror.release(0xffffffff);
  }

  // -------------------------------------------------------------------------------------------------- the way out

  closed(code: number, reason: string, nowUs: number): void {
    this.link = undefined;
    if (this.phase !== "left") this.lost(code, reason, nowUs);
  }

  private lost(code: number, reason: string, nowUs: number): void {
    this.shield.lower();
    const told = reason === "" ? labelOf(code) : reason;
    // A first join that reaches nobody says so at once; one that was begun, or is a return, is tried again.
    const retry = this.retry.may(code, this.opened_ || this.url !== this.retry.home || this.phase !== "joining" || this.request.mode === wire.JoinMode.Resume);
    if (!this.welcomed && isAway(code)) this.url = this.retry.home;
    [this.link, this.opened_, this.welcomed] = [undefined, false, false];
    if (this.leaving) return this.end(CloseCode.left, "left");
    if (!retry) return this.end(code, told);
    const drops = this.phase === "joined";
    if (drops || code === CloseCode.goingAway) this.droppedUs = nowUs; // the room lives, and grace begins when it goes on
    if (drops) {
      this.phase = "dropped";
      if (nowUs - this.welcomedUs >= settledUs) this.retry.settled();
    }
    const until = this.phase === "dropped" ? this.droppedUs + this.seat.graceUs : this.joiningUs + this.options.joinTimeoutUs;
    if (!drops && nowUs >= until) return this.end(code, told);
    this.dialUs = nowUs + this.retry.pauseUs(code, reason);
    if (drops) this.listeners.drop.tell(code, told);
  }

  /** Closes the Link with the code and ends. */
  private giveUp(code: number, reason: string): void {
    this.link?.close(code, labelOf(code));
    this.end(code, `${labelOf(code)}: ${reason}`);
  }

  private end(code: number, reason: string): void {
    if (this.phase === "left") return;
    this.shield.lower();
    this.link = undefined;
    this.opened_ = this.welcomed = false;
    this.phase = "left";
    this.leaveCode = code;
    this.leaveReason = reason;
    this.requests.endAll("left");
    this.listeners.leave.tell(code, reason);
  }

  leave(): void {
    this.leaving = true;
  }

  setBudget(bytesPerS: number): void {
    this.outgoing.pace.set(bytesPerS);
  }

  setHidden(hidden: boolean, nowUs: number): void {
    this.outgoing.setHidden(hidden, nowUs);
    if (this.welcomed) this.raiseShield(nowUs);
  }

  // Nobody looks at a hidden page: there it would only cost bytes.
  private raiseShield(nowUs: number): void {
    if (this.outgoing.pace.hidden) this.shield.lower();
    else this.shield.raise(this.frames.have.term, nowUs);
  }

  // -------------------------------------------------------------------------------------------------- what comes in

  received(bytes: Uint8Array | null, nowUs: number): void {
    if (this.link === undefined) return; // what a connection still held when it was given up
    this.heardUs = nowUs;
    this.graced = false;
    this.stats.bytesReceived += bytes?.length ?? 0;
    this.guarded(() => this.receive(bytes, nowUs));
  }

  private guarded(receive: () => void): void {
    try {
      receive();
    } catch (error) {
      if (!(error instanceof BrokenBytes) && !(error instanceof PackedError)) throw error;
      this.giveUp(CloseCode.protocolError, error.message);
    }
  }

  private receive(bytes: Uint8Array | null, nowUs: number): void {
    const { message, frame } = heard(bytes);
    if (message !== undefined) return this.receiveMessage(message, nowUs);
    if (frame === undefined) throw new BrokenBytes("the relay sent no message of this protocol");
    if (!this.welcomed) throw new BrokenBytes("the relay sent a frame before its Welcome");
    this.intake.frame(frame, false, nowUs);
  }

  // Nothing counts on a shield but frames, and what cannot be ends it alone.
  private receiveCopy(bytes: Uint8Array | null, nowUs: number): boolean {
    this.stats.bytesReceived += bytes?.length ?? 0;
    const { message, frame } = heard(bytes);
    if (message === undefined && frame === undefined) this.shield.lower(CloseCode.protocolError);
    if (frame === undefined) return false;
    ++this.stats.copies;
    this.guarded(() => this.intake.frame(frame, true, nowUs));
    return true;
  }

  private receiveMessage({ bodyType, body }: wire.Message, nowUs: number): void {
    switch (bodyType) {
      case wire.Body.NONE: throw new BrokenBytes("the relay sent a message without its body");
      case wire.Body.Welcome: return this.welcome(body as wire.Welcome, nowUs);
      case wire.Body.Yours: return this.welcomed ? this.intake.yours(body as wire.Yours, nowUs) : undefined;
      case wire.Body.Resync: return this.frames.answered();
      case wire.Body.Pong: {
        const pong = body as wire.Pong;
        const sentUs = Number(pong.clientUs), relayUs = microseconds(pong.serverUs);
        if (sentUs >= this.askedUs && sentUs <= nowUs) this.clock.sample(sentUs, nowUs, relayUs);
        return;
      }
      case wire.Body.Moved: return this.receiveMoved(body as wire.Moved);
      default: return; // of a newer relay
    }
  }

  private receiveMoved(moved: wire.Moved): void {
    try {
      this.url = socketUrl(moved.url);
    } catch (error) {
      throw new BrokenBytes(`the relay moved the room to a ${(error as Error).message}`);
    }
    if (moved.roomId !== "" && this.seat.session !== "") this.seat.roomId = moved.roomId;
    this.retry.moved = true;
  }

  // ---------------------------------------------------------------------------------------------------------- time

  /** After whatever happened, and when dueUs is over: timers, own changes; then everything is sent. */
  step(nowUs: number): void {
    if (this.phase === "left") return;
    this.forgiveSleep(nowUs);
    this.intake.changes(nowUs);
    this.requests.endDue(nowUs);
    this.roster.step(nowUs);
    this.watchTime(nowUs);
    this.flush(nowUs);
    this.shield.step(this.frames.have, nowUs);
  }

  private forgiveSleep(nowUs: number): void {
    if (nowUs - this.steppedUs >= sleptUs && !this.graced) {
      this.graced = true;
      this.heardUs = Math.max(this.heardUs, nowUs - this.patience.us(this.frameTick) + 1_000_000);
    }
    this.steppedUs = nowUs;
  }

  private watchTime(nowUs: number): void {
    if (this.leaving) {
      if (this.leaveUs === 0) this.leaveUs = nowUs;
      if (!this.welcomed || nowUs - this.leaveUs >= Limits.leaveUs) {
        this.link?.close(CloseCode.left, "left");
        return this.end(CloseCode.left, "left");
      }
    }
    if (this.phase === "dropped" && nowUs >= this.droppedUs + this.seat.graceUs && !this.opened_) {
      this.link?.close(CloseCode.left, "left");
      return this.end(CloseCode.sessionUnknown, "session_unknown: the seat's grace time is over");
    }
    if (this.link === undefined) return;
    const silent = this.welcomed && nowUs - this.heardUs >= this.patience.us(this.frameTick);
    if (!silent && (this.welcomed || nowUs - this.askedUs < this.options.joinTimeoutUs)) return;
    if (silent) this.patience.ended(this.frameTick);
    this.link.close(CloseCode.left, "left");
    this.lost(CloseCode.unreachable, silent ? "the relay fell silent" : "the relay does not answer", nowUs);
  }

  private flush(nowUs: number): void {
    if (this.link === undefined || !this.welcomed) return;
    if (!this.leaving && this.sendPhase.step(nowUs)) this.intake.changes(nowUs);
    this.outgoing.flush(this.link, this.leaving, nowUs);
    this.sendPhase.flushed();
  }

  private write(message: Uint8Array): void {
    this.stats.bytesSent += message.length;
    this.link?.write(message);
  }

  /** When step is to be called at the latest, where nothing happens before. */
  get dueUs(): number {
    if (this.phase === "left") return Infinity;
    const always = Math.min(this.requests.dueUs, this.roster.dueUs, this.shield.dueUs, this.phase === "dropped" && !this.opened_ ? this.droppedUs + this.seat.graceUs : Infinity);
    if (this.link === undefined || !this.welcomed) return Math.min(always, this.link ? this.askedUs + this.options.joinTimeoutUs : this.dialUs);
    const leaves = this.leaving ? this.leaveUs + Limits.leaveUs : Infinity;
    const writes = Math.min(leaves, this.outgoing.dueUs(this.link, this.leaving, this.steppedUs));
    const sendTick = this.leaving || this.sendPhase.calls.empty ? Infinity : this.sendPhase.nextUs(this.steppedUs);
    return Math.min(always, writes, sendTick, this.heardUs + this.patience.us(this.frameTick));
  }

  /** The newest that was applied; 0: none, or the whole is asked for. */
  get frameTick(): number {
    return this.frames.have.tick;
  }

  stateAgeUs(nowUs: number): number {
    return this.frames.completeTick === 0 ? 0 : Math.max(0, this.clock.relayUs(nowUs) - this.seat.tickUs(this.frames.completeTick));
  }
}
