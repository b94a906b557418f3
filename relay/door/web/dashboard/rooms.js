// The table of rooms: the relay searches, sorts and cuts pages, so thousands are as quick as ten.

import { read } from "./api.js";
import { byId, duration, element, keyed, say, whole } from "./dom.js";

const page_rooms = 50;
const columns = [
  { title: "Room", sort: "room_id" },
  { title: "Type", sort: "type" },
  { title: "Players", sort: "players", number: true },
  { title: "Ticks/s", number: true },
  { title: "Age", sort: "age_s", number: true },
  { title: "Open to" },
];
const query = { sort: "players", descending: true, search: "" };
let cursors = [""];  // of the pages up to this one
let next = "";
let asked = 0;

export const roomLink = (id) => `#/rooms/${encodeURIComponent(id)}`;

function makeRow(room) {
  const cells = columns.map(({ number }) => element("td", number ? { class: "number" } : {}));
  cells[0].append(element("a", { href: roomLink(room.room_id) }, room.room_id));
  return element("tr", {}, ...cells);
}

function fillRow(row, room) {
  say(row.cells[1], room.type);
  say(row.cells[2], `${room.players} / ${room.max_players}`);
  say(row.cells[3], room.tick_rate);
  say(row.cells[4], duration(room.age_s));
  say(row.cells[5], room.locked ? "nobody: locked" : room.private ? "who knows the id" : "everyone");
}

export async function refreshRooms() {
  const mine = ++asked;
  const page = await read("/api/rooms", { ...query, limit: page_rooms, cursor: cursors.at(-1) });
  if (mine !== asked) return;  // a newer question is on its way
  if (page.rooms.length === 0 && cursors.length > 1) {
    cursors.pop();  // the rooms of this page are gone
    return refreshRooms();
  }
  next = page.cursor ?? "";
  keyed(byId("rooms").tBodies[0], page.rooms, (room) => room.room_id, makeRow, fillRow);
  const first = (cursors.length - 1) * page_rooms;
  say(byId("rooms-count"), page.total === 0 ? (query.search ? "none match" : "none yet")
    : `${whole(first + 1)} to ${whole(first + page.rooms.length)} of ${whole(page.total)}`);
  say(byId("page-number"), `Page ${cursors.length} of ${Math.max(1, Math.ceil(page.total / page_rooms))}`);
  byId("page-before").disabled = cursors.length === 1;
  byId("page-next").disabled = next === "";
}

function ask(failed) {
  refreshRooms().catch(failed);
}

function sortBy(column, failed) {
  query.descending = query.sort === column ? !query.descending : column === "players" || column === "age_s";
  query.sort = column;
  cursors = [""];
  markSorted();
  ask(failed);
}

function markSorted() {
  [...byId("rooms").tHead.rows[0].cells].forEach((cell, i) => {
    if (columns[i].sort === query.sort) cell.setAttribute("aria-sort", query.descending ? "descending" : "ascending");
    else cell.removeAttribute("aria-sort");
  });
}

export function startRooms(failed) {
  byId("rooms").tHead.rows[0].append(...columns.map(({ title, sort, number }) => element("th", { scope: "col", class: number ? "number" : false },
    sort ? element("button", { type: "button", click: () => sortBy(sort, failed) }, title) : title)));
  markSorted();
  let typing = 0;
  byId("search").addEventListener("input", (event) => {
    query.search = event.target.value;
    cursors = [""];
    clearTimeout(typing);
    typing = setTimeout(() => ask(failed), 150);
  });
  byId("page-before").addEventListener("click", () => {
    if (cursors.length > 1) cursors.pop();
    ask(failed);
  });
  byId("page-next").addEventListener("click", () => {
    if (next !== "") cursors.push(next);
    next = "";
    ask(failed);
  });
}
