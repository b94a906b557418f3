// Gives a Session its sockets, its timer and the page's visibility. One timer, set to what is due next.
import { Limits } from "../limits.js";
import { JoinError } from "../errors.js";
import { LinkListener, SocketConstructor, SocketLink } from "../link/link.js";
import { Platform } from "../types.js";
import { JoinRequest } from "./compose.js";
import { Session, SessionOptions } from "./session.js";
import { Shield } from "./shield.js";

const timerMostMs = 1000; // the timer may be late, and the clock it compares with may have slept

export class Runner {
  readonly session: Session;
  private timer: ReturnType<typeof setTimeout> | undefined;
  private stepping = false; // a step is on its way
  private held: (() => void)[] | undefined; // what comes before the game could register its call-backs
  private settled = false;
  private joined: () => void = () => {};
  private refused: (error: Error) => void = () => {};

  constructor(url: string, private readonly what: string, request: JoinRequest, options: Omit<SessionOptions, "random">, private readonly socketOf: SocketConstructor, private readonly platform: Platform) {
    this.session = new Session(url, request, { ...options, random: platform.random }, this.nowUs(), () => this.soon());
  }

  /** Settles with the Welcome, or with a JoinError. */
  start(): Promise<void> {
    this.platform.visibility?.addEventListener("visibilitychange", this.look);
    return new Promise((resolve, reject) => {
      this.joined = resolve;
      this.refused = reject;
      this.look();
    });
  }

  nowUs(): number {
    return Math.round(this.platform.now() * 1000);
  }

  /** A step at the end of what runs now: what a game does at once travels together. */
  soon(): void {
    if (this.stepping) return;
    this.stepping = true;
    queueMicrotask(() => {
      this.stepping = false;
      this.step();
    });
  }

  private readonly look = (): void => {
    this.session.setHidden(this.platform.visibility?.visibilityState === "hidden", this.nowUs());
    this.step();
  };

  private step(): void {
    const { session } = this;
    session.step(this.nowUs());
    for (const each of [session, session.shield]) if (each.wantsLink(this.nowUs())) this.dial(each);
    this.settle();
    clearTimeout(this.timer);
    if (session.phase === "left") return this.platform.visibility?.removeEventListener("visibilitychange", this.look);
    const waitMs = Math.max(0, (session.dueUs - this.nowUs()) / 1000);
    this.timer = setTimeout(() => this.step(), Math.min(Math.ceil(waitMs), timerMostMs));
  }

  private settle(): void {
    const { session } = this;
    if (this.settled || session.phase === "joining") return;
    this.settled = true;
    if (session.phase === "left") return this.refused(new JoinError(session.leaveCode, session.leaveReason, this.what));
    this.held = [];
    this.joined();
    setTimeout(() => this.release(), 0); // by then whoever awaited the join has gone on
  }

  private release(): void {
    const held = this.held ?? [];
    this.held = undefined;
    for (const each of held) each();
  }

  private dial(session: Session | Shield): void {
    let current: SocketLink | undefined;
    const then = (what: () => void) => {
      const happened = () => {
        what();
        this.step();
      };
      if (this.held !== undefined) this.held.push(happened);
      else happened();
    };
    const listener: LinkListener = {
      opened: () => then(() => session.opened(this.nowUs())),
      received: (message) => then(() => session.received(message, this.nowUs())),
      closed: (code, reason) => then(() => session.closed(code, reason, this.nowUs())),
    };
    try {
      current = new SocketLink(this.session.url, this.socketOf, listener, Limits.bufferedBytes);
    } catch (error) {
      return session.dialled(undefined, this.nowUs(), (error as Error).message);
    }
    session.dialled(current, this.nowUs());
  }
}
