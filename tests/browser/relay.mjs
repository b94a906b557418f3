// A relay of its own for a test: free loopback ports, a folder that goes with it, its admin socket. Ended by its process.
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";

export const root = join(dirname(fileURLToPath(import.meta.url)), "../..");
export const build = process.env.TICKRELAY_BUILD ?? join(root, "build/release");
const binary = process.env.TICKRELAY_BINARY ?? join(build, "bin/tickrelay");

/** Until condition() is truthy: its value. */
export async function until(what, condition, timeoutMs = 10_000) {
  const deadline = Date.now() + timeoutMs;
  for (;;) {
    const value = await condition();
    if (value) return value;
    assert.ok(Date.now() < deadline, `not within ${timeoutMs} ms: ${typeof what === "function" ? what() : what}`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

export class Relay {
  /** config: text of a configuration file. */
  static async start({ flags = [], config = "" } = {}) {
    const relay = new Relay();
    relay.folder = mkdtempSync(join(tmpdir(), "tickrelay-browser-"));
    writeFileSync(join(relay.folder, "relay.toml"), `drain_deadline = 0\n${config}`);
    const all = ["--dev", "--config", "relay.toml", "--listen", "127.0.0.1:0", "--ops-listen", "127.0.0.1:0", "--admin", join(relay.folder, "admin.sock"), ...flags];
    relay.process = spawn(binary, all, { cwd: relay.folder });
    let out = "", log = "";
    relay.process.stdout.on("data", (data) => (out += data));
    relay.process.stderr.on("data", (data) => (log += data));
    relay.process.on("error", (error) => (log += `${binary}: ${error.message}`));
    await until(() => `tickrelay is ready\n${out}${log}`, () => {
      assert.equal(relay.process.exitCode, null, `the relay ended\n${out}${log}`);
      return out.includes("tickrelay is ready");
    });
    relay.players = /ws:\/\/([^\s/]+)/.exec(out)[1]; // host:port
    relay.operations = /operations +http:\/\/([^\s/]+)/.exec(out)[1];
    relay.demo = `http://${relay.players}/demo`;
    relay.dashboard = `http://${relay.operations}/dashboard`;
    return relay;
  }

  /** One call of the admin socket: its result; throws what it refuses. */
  async call(method, params = {}) {
    this.calls ??= new Map();
    this.socket ??= this.openAdmin();
    const id = (this.lastId = (this.lastId ?? 0) + 1);
    const answer = new Promise((resolve) => this.calls.set(id, resolve));
    this.socket.write(`${JSON.stringify({ jsonrpc: "2.0", id, method, params })}\n`);
    const { result, error } = await answer;
    if (error) throw new Error(`${method}: ${JSON.stringify(error)}`);
    return result;
  }

  openAdmin() {
    const socket = connect(join(this.folder, "admin.sock"));
    createInterface({ input: socket }).on("line", (line) => {
      const answer = JSON.parse(line);
      this.calls.get(answer.id)?.(answer);
      this.calls.delete(answer.id);
    });
    return socket;
  }

  async stop() {
    this.socket?.destroy();
    if (this.process.exitCode === null) {
      const ended = new Promise((resolve) => this.process.once("exit", resolve));
      this.process.kill("SIGTERM");
      const late = setTimeout(() => this.process.kill("SIGKILL"), 10_000);
      await ended;
      clearTimeout(late);
    }
    rmSync(this.folder, { recursive: true, force: true });
    assert.equal(this.process.exitCode, 0, "the relay's exit code");
  }
}
