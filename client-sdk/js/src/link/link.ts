// One connection to the relay: a WebSocket, whoever made it.
import { badUsage } from "../errors.js";

/** Of a WebSocket what the SDK uses: the browser's, Node 22's, or the one of npm's `ws`. */
export interface SocketLike {
  binaryType: string;
  readonly bufferedAmount: number;
  send(data: Uint8Array): void;
  close(code?: number, reason?: string): void;
  onopen: ((event: any) => void) | null;
  onmessage: ((event: any) => void) | null;
  onclose: ((event: any) => void) | null;
  onerror: ((event: any) => void) | null;
}

export type SocketConstructor = new (url: string, protocols: string) => SocketLike;

export interface LinkListener {
  opened(): void;
  /** null: a text message. */
  received(message: Uint8Array | null): void;
  closed(code: number, reason: string): void;
}

/** What a Session writes to. */
export interface Link {
  /** False: so much waits in the socket already that only what cannot wait is to be written. */
  writable(): boolean;
  write(message: Uint8Array): void;
  /** Nothing is heard of it any more. */
  close(code: number, reason: string): void;
}

/** The given constructor, else the platform's. */
export function socketConstructor(given: SocketConstructor | undefined): SocketConstructor {
  const found = given ?? (globalThis as { WebSocket?: SocketConstructor }).WebSocket;
  if (found !== undefined) return found;
  throw badUsage(
    "no WebSocket here (Node has one from 22 on): npm install ws, import its WebSocket, new Client(url, { WebSocket })",
  );
}

export class SocketLink implements Link {
  private readonly socket: SocketLike;
  private open = false;

  /** Throws where the platform refuses the URL. */
  constructor(url: string, socketOf: SocketConstructor, listener: LinkListener, private readonly bufferedMax: number) {
    const socket = new socketOf(url, "tickrelay.v1");
    this.socket = socket;
    socket.binaryType = "arraybuffer";
    socket.onopen = () => {
      this.open = true;
      listener.opened();
    };
    socket.onmessage = ({ data }: { data: unknown }) => listener.received(typeof data === "string" ? null : new Uint8Array(data as ArrayBuffer));
    socket.onclose = ({ code, reason }: { code: number; reason: string }) => {
      this.open = false;
      listener.closed(code, reason);
    };
    socket.onerror = () => {}; // a close follows
  }

  writable(): boolean {
    return this.open && this.socket.bufferedAmount <= this.bufferedMax;
  }

  write(message: Uint8Array): void {
    if (this.open) this.socket.send(message);
  }

  close(code: number, reason: string): void {
    this.open = false;
    this.socket.onopen = this.socket.onmessage = this.socket.onclose = null;
    this.socket.close(code, reason);
  }
}
