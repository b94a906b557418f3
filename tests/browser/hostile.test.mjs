// A server that speaks nonsense: the page says so once, closes cleanly, and does not hang.
import assert from "node:assert/strict";
import { createHash, randomBytes } from "node:crypto";
import { createServer } from "node:http";
import { after, before, test } from "node:test";
import { launch, openPage } from "./browser.mjs";
import { Relay, until } from "./relay.mjs";

let relay, browser;
before(async () => {
  relay = await Relay.start();
  browser = await launch();
});
after(async () => {
  await browser?.close();
  await relay?.stop();
});

/** The relay's pages, and a WebSocket that answers the first message with these bytes. closes: codes of the page's close frames. */
async function startImpostor(bytes) {
  const impostor = { closes: [], connections: 0 };
  const server = createServer(async (request, response) => {
    const real = await fetch(`http://${relay.players}${request.url}`);
    response.writeHead(real.status, Object.fromEntries(["content-type", "content-security-policy"].map((name) => [name, real.headers.get(name) ?? ""])));
    response.end(Buffer.from(await real.arrayBuffer()));
  });
  server.on("upgrade", (request, socket) => {
    ++impostor.connections;
    const accept = createHash("sha1").update(`${request.headers["sec-websocket-key"]}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`).digest("base64");
    socket.write(`HTTP/1.1 101 Switching Protocols\r\nupgrade: websocket\r\nconnection: upgrade\r\nsec-websocket-protocol: tickrelay.v1\r\nsec-websocket-accept: ${accept}\r\n\r\n`);
    let answered = false;
    socket.on("data", (frame) => {
      if ((frame[0] & 15) === 8) {
        const mask = frame.subarray(2, 6);
        if ((frame[1] & 127) >= 2) impostor.closes.push(((frame[6] ^ mask[0]) << 8) | (frame[7] ^ mask[1]));
        socket.end();
      } else if (!answered) {
        answered = true;
        const length = bytes.length < 126 ? [bytes.length] : [126, bytes.length >> 8, bytes.length & 255];
        socket.write(Buffer.concat([Buffer.from([0x82, ...length]), bytes]));
      }
    });
    socket.on("error", () => {});
  });
  await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
  impostor.url = `http://127.0.0.1:${server.address().port}/demo`;
  impostor.stop = () => {
    server.closeAllConnections();
    server.close();
  };
  return impostor;
}

const cases = {
  "random bytes": () => randomBytes(500),
  "a message that points out of itself": () => Buffer.concat([Buffer.from([0xff, 0xff, 0xff, 0x7f]), Buffer.from("TRM1"), randomBytes(200)]),
  "a state frame before the welcome": () => Buffer.concat([Buffer.from([8, 0, 0, 0]), Buffer.from("TRF1"), Buffer.alloc(100)]),
  nothing: () => Buffer.alloc(0),
};

for (const [what, make] of Object.entries(cases)) {
  test(`${what}: one error and a clean close`, async () => {
    const impostor = await startImpostor(make());
    const page = await openPage(browser, impostor.url);
    await until("the page says what happened", () => page.evaluate(() => /protocol_error/.test(document.getElementById("notice").textContent)), 15_000);
    await until("the close frame", () => impostor.closes.length > 0);
    await page.waitForTimeout(1500); // would it come back?
    assert.equal(impostor.connections, 1);
    assert.deepEqual(impostor.closes, [4400]);
    assert.deepEqual(page.faults, []);
    assert.equal(await page.evaluate(() => 1 + 1), 2, "the page lives");
    await page.context().close();
    impostor.stop();
  });
}
