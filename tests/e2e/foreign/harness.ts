// The real relay on free loopback ports, and ways to wait for it that end by themselves.
import assert from "node:assert/strict";
import { ChildProcess, spawn } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Client } from "./client";
import { Closed, Heard, Join } from "./messages";
import { Fields } from "./values";

const patience_ms = 20_000;

// Types of rooms for every test here; all have the state of schema/examples/arena.fbs.
const types = [
  ["trial", "max_players = 64"],
  ["duo", "max_players = 2"],
  ["hasty", "grace_s = 0.1"],
  ["lonely", "max_players = 1"],
  ["judged", 'authority = "server"'],
].map(([name, key]) => `[type.${name}]\nschema = "${process.env.ARENA_BFBS}"\ncodec = "plain"\n${key}\n`).join("\n");
const config = `drain_deadline = 0\n${types}`;

// Settles with what `start` gives, or fails with what nobody saw in time.
export function within<T>(what: string, start: (resolve: (value: T) => void, reject: (error: Error) => void) => () => void) {
  return new Promise<T>((resolve, reject) => {
    const timer = setTimeout(() => done(() => reject(new Error(`never came: ${what}`))), patience_ms);
    const stop = start((value) => done(() => resolve(value)), (error) => done(() => reject(error)));
    let settled = false;
    function done(finish: () => void) {
      if (settled) return;
      settled = true;
      clearTimeout(timer);
      queueMicrotask(() => stop());
      finish();
    }
  });
}

export function until(client: Client, what: string, condition: () => boolean): Promise<void> {
  return within(what, (resolve, reject) => {
    const look = () => condition() && resolve();
    const closed = ({ code, reason }: Closed) => reject(new Error(`closed ${code} ${reason} before: ${what}`));
    client.on("change", look).on("close", closed);
    queueMicrotask(look);
    return () => client.off("change", look).off("close", closed);
  });
}

export function heard(client: Client, type: string): Promise<Heard> {
  return within(`event ${type}`, (resolve) => {
    const look = (event: Heard) => event.type === type && resolve(event);
    client.on("event", look);
    return () => client.off("event", look);
  });
}

export function closed(client: Client): Promise<Closed> {
  return within("close", (resolve) => {
    client.once("close", resolve);
    return () => client.off("close", resolve);
  });
}

// The label with which the relay refuses the action.
export function refusal(client: Client, act: () => number): Promise<string> {
  return within("a refusal", (resolve) => {
    const look = (of: number, label: string) => of === seq && resolve(label);
    client.on("failure", look);
    const seq = act();
    return () => client.off("failure", look);
  });
}

export const applied = (client: Client, seq: number) => until(client, `action ${seq} applied`, () => client.applied >= seq);

export const sees = (client: Client, entity: number, component: string, expected: Fields) =>
  until(client, `${component} of ${entity} is ${JSON.stringify(expected)}`, () => {
    const fields = client.mirror.fields(entity, component);
    return fields !== undefined && Object.entries(expected).every(([name, value]) => fields[name] === value);
  });

export const text = (bytes: Uint8Array) => Buffer.from(bytes).toString();
export const bytes = (value: string) => new Uint8Array(Buffer.from(value));

export class Relay {
  private clients: Client[] = [];
  private constructor(private process: ChildProcess, private folder: string, readonly url: string) {}

  static async start(): Promise<Relay> {
    const folder = mkdtempSync(join(tmpdir(), "tickrelay-foreign-"));
    writeFileSync(join(folder, "relay.toml"), config);
    const flags = ["--dev", "--config", "relay.toml", "--listen", "127.0.0.1:0", "--ops-listen", "127.0.0.1:0"];
    const process_ = spawn(process.env.TICKRELAY_BINARY!, [...flags, "--admin", join(folder, "admin.sock")], {
      cwd: folder,
      stdio: ["ignore", "pipe", "pipe"],
    });
    let out = "";
    let log = "";
    process_.stderr!.on("data", (data) => (log += data));
    await within("tickrelay is ready", (resolve: (value: void) => void, reject) => {
      process_.stdout!.on("data", (data) => (out += data).includes("tickrelay is ready") && resolve());
      process_.on("error", reject).on("exit", (code) => reject(new Error(`the relay ended with ${code}\n${out}${log}`)));
      return () => process_.removeAllListeners("exit");
    });
    const url = out.match(/ws:\/\/[^\s/]+/);
    assert(url, `no player URL in the banner:\n${out}`);
    return new Relay(process_, folder, url[0]);
  }

  async connect(): Promise<Client> {
    const client = new Client(this.url);
    this.clients.push(client);
    return client.open();
  }

  // Joined, and with the first frame applied.
  async join(join: Join): Promise<Client> {
    const client = await this.connect();
    await client.join(join);
    await until(client, "the first frame", () => client.mirror.tick > 0);
    return client;
  }

  async stop(): Promise<void> {
    const code = await within("the relay's end", (resolve: (code: number | null) => void) => {
      this.process.once("exit", resolve);
      this.process.kill("SIGTERM");
      return () => this.process.kill("SIGKILL");
    });
    rmSync(this.folder, { recursive: true, force: true });
    assert.equal(code, 0, "the relay's exit code");
  }
}
