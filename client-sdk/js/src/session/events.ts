// Events of a frame or a Yours → the call-backs.
import { TickrelayError, throwLater } from "../errors.js";
import { Message } from "../types.js";
import * as wire from "../wire/index.js";
import { Actions } from "./actions.js";
import { Listeners } from "./listeners.js";
import { Requests } from "./requests.js";
import { Roster } from "./roster.js";
import { Seat } from "./seat.js";

const none = new Uint8Array(0);

export class Events {
  constructor(
    private readonly seat: Seat, private readonly listeners: Listeners, private readonly requests: Requests, private readonly roster: Roster,
    private readonly actions: Actions,
  ) {}

  deliver(event: wire.Event): void {
    const { type, player, request } = event;
    const data = event.data?.slice() ?? none;
    switch (event.kind) {
      case wire.EventKind.Message:
        if (!event.skipSender || player !== this.seat.player) this.message(new Message(player, type, data, request));
        return;
      case wire.EventKind.PlayerLeft: return this.roster.left(player, type);
      case wire.EventKind.Answer: return this.requests.answered(request, data);
      case wire.EventKind.Failure: return this.failure(request, type);
      case wire.EventKind.Input: return this.listeners.input.tell(new Message(player, type, data, 0), event.seq);
    }
  }

  private message(message: Message): void {
    const asked = message.request === 0 ? undefined : this.listeners.requests.get(message.type);
    if (asked === undefined) return this.listeners.tellMessage(message);
    // At once where the call-back gives a value, later where it gives a promise. Without an answer the sender's time runs out.
    try {
      const given = asked(message);
      if (given instanceof Promise) given.then((data) => this.answer(message, data)).catch(throwLater);
      else this.answer(message, given);
    } catch (error) {
      throwLater(error);
    }
  }

  private answer(message: Message, data: Parameters<Actions["answer"]>[2]): void {
    if (this.actions.over) return; // left meanwhile: nobody waits for it
    this.actions.answer(message.player, message.request, data);
  }

  private failure(action: number, label: string): void {
    if (this.requests.refused(action, label)) return;
    this.listeners.tellError(new TickrelayError(label, `the relay refused action ${action}: ${label}`, action));
  }
}
