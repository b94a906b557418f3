// Joins a room of the type "demo" at the relay that served this page, and keeps everything on it going.
import { Client } from "/sdk/tickrelay.js";
import { Game } from "./game.js";
import { freshName } from "./names.js";
import { Panel } from "./panel.js";
import { showScores, standings } from "./scores.js";
import { forgetSeat, keepSeat, storeName, storedName, takeSeat } from "./seats.js";
import { Talk } from "./talk.js";
import { Throttle } from "./throttle.js";
import { Cable } from "./wire.js";

const $ = (id) => document.getElementById(id);
const cable = new Cable();
const client = new Client(`${location.protocol === "https:" ? "wss" : "ws"}://${location.host}`, { WebSocket: cable.WebSocket });
const game = new Game($("field"));
let room, parts = [], round, noticeTimer = 0;

function notice(text, ms = 2500) {
  clearTimeout(noticeTimer);
  $("notice").textContent = text;
  $("notice").hidden = false;
  if (ms > 0) noticeTimer = setTimeout(() => ($("notice").hidden = true), ms);
}

/** The seat that this tab had, else a new one. */
async function seat() {
  const token = takeSeat();
  if (token !== undefined) {
    try {
      const back = await client.reconnect(token);
      notice("Back in your seat");
      return back;
    } catch {
      forgetSeat(); // it is gone: join anew
    }
  }
  return client.joinOrCreate("demo", { name: storedName() || $("name").value });
}

function roundMessage(message) {
  const { ends_s: endsS, winner, score } = message.json();
  round = endsS;
  if (winner === 0) return;
  const best = standings(room).find(({ entity }) => entity === winner);
  if (best !== undefined) notice(`${best.own ? "You win" : `${best.name} wins`} the round with ${score}`, 4000);
}

async function enter() {
  room = await seat();
  let dropped = 0;
  room.onMessage("round", roundMessage);
  room.onDrop(() => {
    dropped = performance.now();
    notice("Connection lost, coming back …", 0);
  });
  room.onReconnect(({ rolledBack }) => notice(`Back after ${((performance.now() - dropped) / 1000).toFixed(1)} s${rolledBack ? "" : ", in the same seat"}`));
  room.onLeave((code, reason) => left(reason));
  parts = [new Panel(room, cable), new Throttle(room), new Talk(room)];
  game.enter(room);
  Object.assign(globalThis, { tickrelayDemo: { room, game, panel: parts[0], cable } }); // for the console, and tests
}

function left(reason) {
  parts.forEach((part) => part.stop());
  game.leave();
  forgetSeat();
  notice(`The relay ended this: ${reason}. Reload to play on.`, 0);
}

async function linkElsewhere() {
  const { urls } = await (await fetch("/demo/urls.json")).json();
  if (urls.length === 0) return;
  const links = urls.map((url) => Object.assign(document.createElement("a"), { href: url, textContent: url }));
  $("elsewhere").replaceChildren("Join from a phone in this network: ", ...links.flatMap((link, i) => (i > 0 ? [", ", link] : [link])));
  $("elsewhere").hidden = false;
}

$("name").value = storedName() || freshName();
storeName($("name").value);
$("name").addEventListener("change", async () => {
  storeName($("name").value.trim() || freshName());
  await room?.leave(); // a name belongs to a seat
  forgetSeat();
  location.reload();
});
$("drop").addEventListener("click", () => cable.pull(2000));
if (innerWidth <= 700) $("panel").open = false;

setInterval(() => {
  if (room === undefined || room.phase === "left") return;
  showScores(room);
  if (room.phase === "joined") keepSeat(room.reconnectionToken);
  const seconds = round === undefined ? 0 : Math.max(0, Math.ceil(round - room.clock.serverNow));
  $("round").textContent = round === undefined ? "" : `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, "0")}`;
}, 500);

let before = performance.now();
function frame(now) {
  game.frame(Math.max(0, (now - before) / 1000));
  before = now;
  parts[0]?.drawn();
  requestAnimationFrame(frame);
}
requestAnimationFrame(frame);

linkElsewhere();
enter().catch((error) => notice(error.message, 0));
