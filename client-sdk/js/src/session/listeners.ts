// The call-backs of a room. Each is called in the order of registration; what one throws is thrown later, by itself.
import { throwLater, TickrelayError } from "../errors.js";
import { Mirror, MirrorChange } from "../state/mirror.js";
import { Data, Message, Player, Reconnected, Unsubscribe } from "../types.js";

interface Registered<Arguments extends unknown[]> {
  readonly call: (...values: Arguments) => unknown;
  ended: boolean;
}

export class Calls<Arguments extends unknown[]> {
  private calls: Registered<Arguments>[] = [];

  add(call: (...values: Arguments) => unknown): Unsubscribe {
    const registered: Registered<Arguments> = { call, ended: false }; // one call may be there twice
    this.calls = [...this.calls, registered]; // who is called now is not disturbed
    return () => {
      registered.ended = true;
      this.calls = this.calls.filter((each) => each !== registered);
    };
  }

  get empty(): boolean {
    return this.calls.length === 0;
  }

  tell(...values: Arguments): void {
    for (const each of this.calls) if (!each.ended) guarded(each.call, values);
  }
}

function guarded<Arguments extends unknown[]>(call: (...values: Arguments) => unknown, values: Arguments): void {
  try {
    call(...values);
  } catch (error) {
    throwLater(error);
  }
}

export type ChangeCall = (entity: number, value: unknown, before: unknown, component: string) => void;

interface ChangeListener {
  readonly name: string;
  readonly call: ChangeCall;
  late: boolean; // has yet to hear of what was there when it came
  ended: boolean;
}

/** Who hears of values that come, change and go: by component name; "*": every component. */
class ChangeCalls {
  private readonly lists = new Map<string, ChangeListener[]>(); // by kind and name
  private late: ChangeListener[] = [];

  constructor(private readonly mirror: Mirror) {}

  /** Throws where the room's schema has no such component. Who listens for "add" hears of what is there already, too. */
  on(kind: MirrorChange["kind"], component: string, call: ChangeCall): Unsubscribe {
    const name = component === "*" ? "*" : this.mirror.layout?.get(component).name ?? component;
    const listener: ChangeListener = { name, call, late: kind === "add", ended: false };
    const key = `${kind} ${name}`;
    this.lists.set(key, [...(this.lists.get(key) ?? []), listener]);
    if (listener.late) this.late.push(listener);
    this.watch(name);
    return () => {
      listener.ended = true;
      this.lists.set(key, (this.lists.get(key) ?? []).filter((each) => each !== listener));
      this.late = this.late.filter((each) => each !== listener);
    };
  }

  /** Another layout: the same names. */
  attach(): void {
    for (const listeners of this.lists.values()) for (const { name } of listeners) this.watch(name);
  }

  get waiting(): boolean {
    return this.late.length > 0;
  }

  private watch(name: string): void {
    for (const component of this.mirror.layout?.components ?? []) if (name === "*" || component.name === name) this.mirror.watch(component.index);
  }

  deliver(changes: readonly MirrorChange[]): void {
    const late = this.late;
    this.late = [];
    for (const listener of late) this.catchUp(listener);
    for (const { kind, component, entity, before } of changes) {
      const name = this.mirror.layout?.components[component].name ?? "";
      for (const key of [`${kind} ${name}`, `${kind} *`])
        for (const listener of this.lists.get(key) ?? []) {
          const value = kind === "remove" ? before : this.mirror.row(component, entity)?.shown();
          if (value === undefined || listener.late || listener.ended) continue; // gone since: its removal follows; or it has just heard of it
          guarded(listener.call, [entity, value, before, name]);
        }
    }
    for (const listener of late) listener.late = false;
  }

  private catchUp(listener: ChangeListener): void {
    const { name, call } = listener;
    for (const component of this.mirror.layout?.components ?? [])
      if (name === "*" || component.name === name)
        for (const row of [...this.mirror.rows(component.index).values()]) if (!listener.ended) guarded(call, [row.entity, row.shown(), undefined, component.name]);
  }
}

export type RequestCall = (message: Message) => Data | Promise<Data>;

export class Listeners {
  readonly stateChange = new Calls<[tick: number]>();
  readonly drop = new Calls<[code: number, reason: string]>();
  readonly reconnect = new Calls<[Reconnected]>();
  readonly leave = new Calls<[code: number, reason: string]>();
  readonly error = new Calls<[TickrelayError]>();
  readonly playerJoin = new Calls<[Player]>();
  readonly playerLeave = new Calls<[player: Player, reason: string]>();
  readonly input = new Calls<[message: Message, number: number]>();
  readonly messages = new Map<string, Calls<[Message]>>();
  readonly requests = new Map<string, RequestCall>();
  readonly changes: ChangeCalls;

  constructor(mirror: Mirror) {
    this.changes = new ChangeCalls(mirror);
  }

  /** An error that nobody listens for is worth a line on the console. */
  tellError(error: TickrelayError): void {
    if (this.error.empty) console.warn(`tickrelay: ${error.message}`);
    this.error.tell(error);
  }

  tellMessage(message: Message): void {
    (this.messages.get(message.type) ?? this.messages.get("*"))?.tell(message);
  }
}
