// The dashboard: #/ is the relay, #/rooms/ID one room. Reads again and again while the page is looked at.

import { read } from "./api.js";
import { byId, duration, say } from "./dom.js";
import { refreshLog } from "./log.js";
import { refreshOverview, startOverview } from "./overview.js";
import { askAndAct } from "./question.js";
import { closeRoom, openRoom, refreshRoom } from "./room.js";
import { refreshRooms, startRooms } from "./rooms.js";

const period_ms = 1_000;
const room_prefix = "#/rooms/";

let info = { actions: false, draining: false };
let silent_since = 0;

function failed(error) {
  silent_since ||= Date.now();
  const health = byId("health");
  health.className = "failed";
  say(health, `${error.message}; the last answer is of ${new Date(silent_since).toLocaleTimeString()}`);
}

function answered() {
  silent_since = 0;
  const health = byId("health");
  health.className = info.draining ? "draining" : "";
  say(health, info.draining ? "Draining: no new rooms" : `Up for ${duration(info.uptime_s)}`);
}

async function refreshInfo() {
  info = await read("/api/info");
  say(byId("node"), `${info.node} · ${info.version}`);
  byId("read-only").hidden = info.actions;
  byId("drain").hidden = !info.actions || info.draining;
  byId("undrain").hidden = !info.actions || !info.draining;
}

// A room's address may hold what nobody encoded.
function roomOf(hash) {
  if (!hash.startsWith(room_prefix)) return "";
  try {
    return decodeURIComponent(hash.slice(room_prefix.length));
  } catch {
    return "";
  }
}

let room_id = "";

function route() {
  closeRoom();
  room_id = roomOf(location.hash);
  byId("overview").hidden = room_id !== "";
  byId("room").hidden = room_id === "";
  document.title = room_id === "" ? "tickrelay" : `${room_id} – tickrelay`;
  if (room_id !== "") openRoom(room_id);
  refresh();
}

async function refresh() {
  try {
    await refreshInfo();
    // The figures go on under a room's page: their charts have no hole when one comes back.
    await Promise.all(room_id === "" ? [refreshOverview(), refreshRooms(), refreshLog()] : [refreshOverview(), refreshRoom(info.actions)]);
    answered();
  } catch (error) {
    failed(error);
  }
}

async function drain() {
  const done = await askAndAct({
    title: `Drain ${info.node}?`,
    text: "It makes no new rooms, lets nobody new in, and /readyz says so. Rooms go on with the players they have, until Undrain or a restart.",
    confirm: "Drain", danger: true,
  }, "relay.drain", () => ({}), "The relay is draining.");
  if (done) refresh();
}

async function undrain() {
  const done = await askAndAct({ title: `Undrain ${info.node}?`, text: "It makes new rooms again and is ready.", confirm: "Undrain" },
    "relay.undrain", () => ({}), "The relay takes new rooms again.");
  if (done) refresh();
}

byId("skip").addEventListener("click", (event) => {
  event.preventDefault();  // the address says which room is shown
  byId("main").focus();
});
byId("drain").addEventListener("click", drain);
byId("undrain").addEventListener("click", undrain);
startOverview();
startRooms(failed);
addEventListener("hashchange", () => {
  route();
  byId("main").focus({ preventScroll: true });
  scrollTo(0, 0);
});
document.addEventListener("visibilitychange", () => document.hidden || refresh());

async function forever() {
  if (!document.hidden) await refresh();
  setTimeout(forever, period_ms);
}
route();
setTimeout(forever, period_ms);
