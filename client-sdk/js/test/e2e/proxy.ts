// Stands between a client and the relay: what the relay says can be changed on the way, or counted.
import { AddressInfo } from "node:net";
import WebSocket, { WebSocketServer } from "ws";
import { within } from "../wait.js";

export class Proxy {
  /** Of what goes down: undefined swallows it. */
  change: (message: Buffer) => Buffer | undefined = (message) => message;
  bytesDown = 0;

  private constructor(private readonly server: WebSocketServer, readonly url: string) {}

  /** Until the test's end, however it ends. */
  static async start(relayUrl: string, test: { after(call: () => Promise<void>): void }): Promise<Proxy> {
    const server = new WebSocketServer({ host: "127.0.0.1", port: 0, path: "/v1", handleProtocols: () => "tickrelay.v1" });
    await within<void>("the proxy", (resolve) => server.once("listening", () => resolve()));
    const proxy = new Proxy(server, `ws://127.0.0.1:${(server.address() as AddressInfo).port}`);
    test.after(() => proxy.stop());
    server.on("connection", (client) => proxy.join(client, new WebSocket(`${relayUrl}/v1`, "tickrelay.v1")));
    return proxy;
  }

  private join(client: WebSocket, relay: WebSocket): void {
    const early: Buffer[] = [];
    client.on("message", (data: Buffer) => (relay.readyState === WebSocket.OPEN ? relay.send(data) : early.push(data)));
    relay.on("open", () => early.forEach((data) => relay.send(data)));
    relay.on("message", (data: Buffer) => {
      const changed = this.change(data);
      if (changed === undefined) return;
      this.bytesDown += changed.length;
      client.send(changed);
    });
    relay.on("error", () => client.terminate()).on("close", (code, reason) => (code === 1006 || code === 1005 ? client.terminate() : client.close(code, reason)));
    client.on("error", () => relay.terminate()).on("close", () => relay.terminate());
  }

  private async stop(): Promise<void> {
    for (const client of this.server.clients) client.terminate();
    await new Promise((resolve) => this.server.close(resolve));
  }
}
