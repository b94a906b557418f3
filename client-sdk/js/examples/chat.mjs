// A chat in a terminal: node chat.mjs ws://localhost:8350 ada. Any number of them meet in one room of type "chat".
import { createInterface } from "node:readline";
import { Client } from "tickrelay";

const WebSocket = globalThis.WebSocket ?? (await import("ws")).default; // Node has its own from 22 on
const [url = "ws://localhost:8350", name = "anonymous"] = process.argv.slice(2);
const client = new Client(url, { WebSocket });
const room = await client.joinOrCreate("chat", { name });

const nameOf = (number) => room.players.find((player) => player.number === number)?.options?.name ?? `player ${number}`;

room.onPlayerJoin((player) => console.log(`* ${player.options?.name ?? player.id} is here`));
room.onPlayerLeave((player, reason) => console.log(`* ${player.options?.name ?? player.id} is gone (${reason})`));
room.onMessage("*", (message) => console.log(`${nameOf(message.player)}: ${message.text}`));
room.onDrop((code, reason) => console.log(`* connection lost (${reason}), coming back`));
room.onReconnect(() => console.log("* back"));
room.onLeave((code, reason) => {
  console.log(`* left: ${reason}`);
  input.close();
});

const input = createInterface({ input: process.stdin });
input.on("line", (line) => room.send("chat", line, { to: "all" }));
input.on("close", () => room.leave());
