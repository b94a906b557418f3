// The real relay on free loopback ports, its admin socket, and connections that can be cut as a cable is.
import assert from "node:assert/strict";
import { ChildProcess, spawn } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { Socket, connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import WebSocket from "ws";
import { Client, ClientOptions, SocketConstructor } from "../../src/index.js";
import { Components, arena } from "../arena.js";
import { until, within } from "../wait.js";

// Types of rooms for every test here; all have the state of schema/examples/arena.fbs.
const types: [name: string, ...keys: string[]][] = [
  ["trial", 'codec = "packed"', "grace_s = 5"],
  ["plain", 'codec = "plain"', "grace_s = 5"],
  ["duo", "max_players = 2", "grace_s = 5"],
  ["wide", 'codec = "packed"', "view_radius = 50", "grace_s = 5"],
  ["wide-plain", 'codec = "plain"', "view_radius = 50", "grace_s = 5"],
  ["hasty", "grace_s = 0.1"],
  ["judged", 'authority = "server"', "grace_s = 5"],
  ["walk", 'logic = "walk"', 'authority = "logic"', "tick_rate = 20"], // tests/e2e/play/walk_logic.cpp
];
const sections = types.map(([name, ...keys]) => [`[type.${name}]`, `schema = "${process.env.TICKRELAY_JS}/arena.bfbs"`, ...keys].join("\n"));
const config = `drain_deadline = 0\n${sections.join("\n")}\n`;

/** A client's WebSockets, to be cut. */
export class Cable {
  readonly sockets: WebSocket[] = [];
  readonly WebSocket: SocketConstructor;

  constructor() {
    const { sockets } = this;
    this.WebSocket = class extends WebSocket {
      constructor(url: string, protocols: string) {
        super(url, protocols, { perMessageDeflate: false });
        sockets.push(this);
      }
    } as unknown as SocketConstructor;
  }

  cut(): void {
    this.sockets[this.sockets.length - 1].terminate();
  }
}

export type ArenaClient = Client<Components>;

/** A client of the arena that comes back at once. */
export function arenaClient(url: string, cable = new Cable(), options: ClientOptions<Components> = {}): ArenaClient {
  return new Client(url, { schema: arena, WebSocket: cable.WebSocket, platform: { random: () => 0.002 }, ...options });
}

export class Relay {
  private admin: Socket | undefined;
  private readonly calls = new Map<number, (answer: { result?: unknown; error?: unknown }) => void>();
  private constructor(private readonly process: ChildProcess, private readonly folder: string, readonly url: string) {}

  static async start(): Promise<Relay> {
    const folder = mkdtempSync(join(tmpdir(), "tickrelay-js-"));
    writeFileSync(join(folder, "relay.toml"), config);
    const logic = ["--logic", process.env.TICKRELAY_WALK_LOGIC as string];
    const flags = ["--dev", ...logic, "--config", "relay.toml", "--listen", "127.0.0.1:0", "--ops-listen", "127.0.0.1:0"];
    const child = spawn(process.env.TICKRELAY_BINARY as string, [...flags, "--admin", join(folder, "admin.sock")], { cwd: folder });
    let out = "";
    let log = "";
    child.stderr.on("data", (data) => (log += data));
    child.stdout.on("data", (data) => (out += data));
    await until(`tickrelay is ready\n${log}`, () => {
      assert.equal(child.exitCode, null, `the relay ended\n${out}${log}`);
      return out.includes("tickrelay is ready");
    });
    const url = /ws:\/\/[^\s/]+/.exec(out);
    assert.ok(url, `no player URL in the banner:\n${out}`);
    return new Relay(child, folder, url[0]);
  }

  /** One call of the admin socket. */
  async call<Result>(method: string, params: object): Promise<Result> {
    this.admin ??= this.openAdmin();
    const id = this.calls.size + 1;
    this.admin.write(`${JSON.stringify({ jsonrpc: "2.0", id, method, params })}\n`);
    const answer = await within<{ result?: unknown; error?: unknown }>(`the answer to ${method}`, (resolve) => this.calls.set(id, resolve));
    assert.equal(answer.error, undefined, JSON.stringify(answer.error));
    return answer.result as Result;
  }

  private openAdmin(): Socket {
    const socket = connect(join(this.folder, "admin.sock"));
    createInterface({ input: socket }).on("line", (line) => {
      const answer = JSON.parse(line) as { id: number; result?: unknown; error?: unknown };
      this.calls.get(answer.id)?.(answer);
    });
    return socket;
  }

  async stop(): Promise<void> {
    this.admin?.destroy();
    const code = await within<number | null>("the relay's end", (resolve) => {
      this.process.once("exit", resolve);
      this.process.kill("SIGTERM");
    });
    rmSync(this.folder, { recursive: true, force: true });
    assert.equal(code, 0, "the relay's exit code");
  }
}
