// One room, live: its figures, the map, its players and what may be done to them, where its bytes go.

import { readRoom } from "./api.js";
import { byId, bytes, duration, element, keyed, say, seconds, short, whole } from "./dom.js";
import { EntityList } from "./entities.js";
import { EntityMap } from "./map.js";
import { PlayerTable } from "./players.js";
import { askAndAct } from "./question.js";

const facts = [
  { name: "players", title: "Players", value: (room) => `${room.players.length} / ${room.settings.max_players}` },
  { name: "entities", title: "Entities", value: (room) => whole(room.entities) },
  { name: "tick_rate", title: "Ticks/s", value: (room) => whole(room.settings.tick_rate) },
  { name: "tick_mean", title: "Tick, mean", value: (room) => seconds(room.tick_mean_us / 1e6) },
  { name: "tick_max", title: "Tick, longest", value: (room) => seconds(room.tick_max_us / 1e6) },
  { name: "skipped", title: "Ticks skipped", value: (room) => whole(room.ticks_skipped) },
  { name: "sent", title: "Sent to all", value: (room) => `${bytes(room.bytes_per_s)}/s` },
  { name: "encoded", title: "Encoded once", value: (room) => `${bytes(room.frames.bytes_per_s)}/s` },
];

let open = null;  // {id, parts, map, players, entities}

// A section with its title; the parts that change are in it by name.
const section = (title, note, className, ...children) =>
  element("section", { class: className, "aria-label": title }, element("h2", {}, title, note ? element("small", {}, ` ${note}`) : ""), ...children);

export function openRoom(id) {
  const parts = {
    title: element("h2", { class: "room-title", tabindex: -1 }, id),
    badges: element("span", { class: "badges" }),
    age: element("small", { class: "own" }),
    close: element("button", { type: "button", class: "danger", hidden: true, click: () => close(id) }, "Close room…"),
    gone: element("p", { role: "status", class: "gone" }),
    tiles: element("dl", { class: "tiles facts" }),
    canvas: element("canvas", { role: "img", "aria-label": "Map" }),
    legend: element("p", { class: "legend" }),
    components: element("tbody"),
    settings: element("dl", { class: "settings" }),
    metadata: element("pre", { class: "metadata", tabindex: 0, "aria-label": "Metadata" }),
  };
  parts.tiles.append(...facts.map(({ name, title }) => element("div", { class: "tile" }, element("dt", {}, title), element("dd", { "data-fact": name }, "–"))));
  const mapBox = element("div", { class: "map" }, parts.canvas);
  const map = new EntityMap(parts.canvas, parts.legend);
  const players = new PlayerTable(id, (player) => map.choose(player));
  const entities = new EntityList(id);
  const heads = [["Component"], ["Entities", true], ["Changes/s", true], ["Bytes/s", true], ["Share since the start"]];
  parts.live = element("div", {},
    parts.tiles,
    element("div", { class: "columns" },
      section("Map", "where the entities are", "wide", mapBox, parts.legend)),
    section("Players", "", "", players.box),
    section("Bytes by component", "as encoded, however many players got them", "", element("div", { class: "scroll" }, element("table", {},
      element("thead", {}, element("tr", {}, ...heads.map(([text, number]) => element("th", { scope: "col", class: number ? "number" : false }, text)))), parts.components))),
    section("Entities", "", "", entities.box),
    element("div", { class: "columns" }, section("Settings", "", "", parts.settings), section("Metadata", "", "", parts.metadata)));
  byId("room").replaceChildren(
    element("nav", { "aria-label": "Back" }, element("a", { href: "#/" }, "← All rooms")),
    element("div", { class: "title-row" }, parts.title, parts.badges, parts.age, parts.close), parts.gone, parts.live);
  open = { id, parts, map, players, entities };
}

export function closeRoom() {
  open?.map.stop();
  open = null;
  byId("room").replaceChildren();
}

async function close(id) {
  const done = await askAndAct({
    title: "Close this room?", text: `Everybody in ${id} is sent away, and the room's state is gone.`, confirm: "Close", danger: true,
    fields: [{ name: "reason", label: "Reason, which players are told", type: "text", maxlength: 100 }],
  }, "room.close", ({ reason }) => ({ room_id: id, reason }), `The room ${id} is closed.`);
  if (done) location.hash = "#/";
}

export async function refreshRoom(may_act) {
  const mine = open;
  if (!mine) return;
  let room, places;
  try {
    [room, places] = await Promise.all([readRoom("room", mine.id), readRoom("places", mine.id), mine.entities.refresh()]);
  } catch (error) {
    if (error.status !== 404 || mine !== open) throw error;
    say(mine.parts.gone, `There is no room ${mine.id} on this relay, or not any more.`);
    mine.parts.close.hidden = mine.parts.live.hidden = true;
    return;
  }
  if (mine !== open) return;  // another page by now
  say(mine.parts.gone, "");
  mine.parts.live.hidden = false;
  mine.parts.close.hidden = !may_act;
  show(mine, room, may_act);
  mine.map.names = new Map(room.players.map(({ player, player_id }) => [player, player_id]));
  mine.map.show(places);
}

function show({ parts, players }, room, may_act) {
  const { settings } = room;
  const badges = [settings.type, settings.private && "private", settings.locked && "locked"].filter(Boolean);
  keyed(parts.badges, badges, (badge) => badge, (badge) => element("span", { class: "badge" }, badge), () => {});
  say(parts.age, `open for ${duration(room.age_s)}`);
  facts.forEach(({ value }, i) => say(parts.tiles.children[i].lastChild, value(room)));
  players.show(room.players, may_act);
  showComponents(parts.components, room);
  keyed(parts.settings, Object.entries(settings).filter(([name]) => name !== "metadata"), ([name]) => name,
    ([name]) => element("div", {}, element("dt", {}, name), element("dd", {})), (box, [, value]) => say(box.lastChild, value === "" ? "–" : value));
  say(parts.metadata, JSON.stringify(settings.metadata, null, 2));
}

function makeComponent({ own, name }) {
  const share = element("td", { class: "share" }, element("meter", { min: 0, max: 1, "aria-label": `Share of ${name}` }), element("span", {}));
  const fields = element("ul", { class: "fields" });
  return element("tr", { "data-component": name }, element("td", { class: own ? "own" : false }, name, fields),
    element("td", { class: "number" }), element("td", { class: "number" }), element("td", { class: "number" }), share);
}

// The schema's components, and what is in frames besides them.
function showComponents(body, { components, frames }) {
  const besides = [["envelope", "ticks, bases and entity lists"], ["events", "events"], ["other", "who came and went"]]
    .map(([key, name]) => ({ name, own: true, bytes: frames[key], fields: [] }));
  const all = [...components, ...besides].filter((row) => !row.own || row.bytes > 0).sort((a, b) => b.bytes - a.bytes);
  keyed(body, all, ({ name }) => name, makeComponent, (row, { own, entities, changed_per_s, bytes_per_s, bytes: count, fields }) => {
    const share = frames.bytes > 0 ? Math.min(1, count / frames.bytes) : 0;
    keyed(row.cells[0].querySelector("ul"), count > 0 ? fields.filter((field) => field.bytes > 0) : [], (field) => field.name,
      () => element("li", {}), (line, field) => say(line, `${field.name} ${((100 * field.bytes) / count).toFixed(0)} %`));
    say(row.cells[1], own ? "" : whole(entities));
    say(row.cells[2], own ? "" : short(changed_per_s));
    say(row.cells[3], own ? "" : bytes(bytes_per_s));
    row.cells[4].firstChild.value = share;
    say(row.cells[4].lastChild, `${(share * 100).toFixed(1)} % · ${bytes(count)}`);
  });
}
