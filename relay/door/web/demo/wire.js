// The page's WebSocket, with two things that a game has no use for: it tells how long the SDK took for a message, and it can be
// pulled out like a cable.
export class Cable {
  constructor() {
    const cable = this;
    this.decodeMs = 0;
    this.messages = 0;
    this.pluggedAt = 0; // performance.now(), from when on there is a way to the relay
    this.current = undefined;
    /** For ClientOptions.WebSocket. */
    this.WebSocket = class {
      constructor(url, protocols) {
        this.onopen = this.onmessage = this.onclose = this.onerror = null;
        if (performance.now() < cable.pluggedAt) setTimeout(() => this.onclose?.({ code: 1006, reason: "no way to the relay" }), 50);
        else this.connect(new WebSocket(url, protocols));
      }

      connect(socket) {
        this.socket = socket;
        cable.current = this;
        socket.binaryType = "arraybuffer";
        socket.onopen = (event) => this.onopen?.(event);
        socket.onclose = (event) => this.onclose?.(event);
        socket.onerror = (event) => this.onerror?.(event);
        socket.onmessage = (event) => {
          const from = performance.now();
          this.onmessage?.(event);
          cable.decodeMs += performance.now() - from;
          ++cable.messages;
        };
      }

      get bufferedAmount() {
        return this.socket?.bufferedAmount ?? 0;
      }

      send(data) {
        this.socket?.send(data);
      }

      close(code, reason) {
        this.socket?.close(code, reason);
      }
    };
  }

  /** As when a train enters a tunnel: nothing passes for so long. */
  pull(ms) {
    this.pluggedAt = performance.now() + ms;
    const { socket, onclose } = this.current ?? {};
    if (socket === undefined) return;
    this.current = undefined;
    socket.onopen = socket.onmessage = socket.onclose = null;
    socket.close();
    onclose?.({ code: 1006, reason: "the cable was pulled" });
  }
}
