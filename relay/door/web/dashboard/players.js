// A room's players: how the game is for each of them, and what may be done: kick, simulate a bad network, show on the map.

import { drawSpark, spark } from "./charts.js";
import { bytes, element, keyed, say, short, whole } from "./dom.js";
import { askAndAct } from "./question.js";

const rows_step = 100;
const line_max = 60;
const columns = [["Player"], ["Role"], ["Round trip", true], ["State age", true], ["Bytes/s", true], ["Behind", true], ["Simulated network"], ["Actions"]];

const words = ({ delay_ms, jitter_ms, loss, bytes_per_s }) => [
  delay_ms > 0 && `+${delay_ms} ms`, jitter_ms > 0 && `± ${jitter_ms} ms`, loss > 0 && `${Number((loss * 100).toFixed(2))} % lost`, bytes_per_s > 0 && `${bytes(bytes_per_s)}/s`,
].filter(Boolean).join(", ");

export class PlayerTable {
  constructor(room_id, choose) {
    this.room_id = room_id;
    this.choose = choose;
    this.chosen = 0;
    this.most = rows_step;
    this.lines = new Map();  // player_id → its last state ages
    this.body = element("tbody");
    this.none = element("p", { class: "none" });
    this.more = element("button", { type: "button", hidden: true, click: () => { this.most += rows_step; } }, "More");
    this.search = element("input", { type: "search", autocomplete: "off", spellcheck: "false", placeholder: "id" });
    const heads = columns.map(([text, number]) => element("th", { scope: "col", class: number ? "number" : false }, text));
    this.box = element("div", {}, this.finder = element("label", { hidden: true }, "Search ", this.search),
      element("div", { class: "scroll" }, element("table", { class: "players" }, element("thead", {}, element("tr", {}, ...heads)), this.body)), this.none, this.more);
  }

  show(players, may_act) {
    const wanted = this.search.value.toLowerCase();
    const found = players.filter(({ player_id }) => player_id.toLowerCase().includes(wanted));
    const shown = found.slice(0, this.most);
    for (const id of this.lines.keys()) if (!players.some(({ player_id }) => player_id === id)) this.lines.delete(id);
    keyed(this.body, shown, ({ player_id }) => player_id, (player) => this.make(player), (row, player) => this.fill(row, player, may_act));
    say(this.none, players.length === 0 ? "Nobody is here." : found.length === 0 ? "None match." : found.length > shown.length ? `${shown.length} of ${whole(found.length)}` : "");
    this.more.hidden = found.length <= shown.length;
    this.finder.hidden = players.length <= 10 && wanted === "";
  }

  make({ player_id, player }) {
    const row = element("tr", {}, ...columns.map(([, number]) => element("td", number ? { class: "number" } : {})));
    row.cells[0].append(element("span", { class: "name" }, player_id), element("span", { class: "badge", hidden: true }, "away"));
    row.cells[3].append(spark(), element("span", {}));
    const button = (text, label, click, danger) => element("button", { type: "button", class: danger ? "danger small" : "small", "aria-label": label, click }, text);
    const onMap = button("On map", `Show ${player_id} on the map`, () => {
      this.chosen = this.chosen === player ? 0 : player;
      this.choose(this.chosen);
      for (const other of this.body.rows) this.mark(other);
    });
    row.dataset.player = player;
    row.cells[7].append(element("div", { class: "actions" }, onMap, button("Network…", `Simulate a network for ${player_id}`, () => this.simulate(player_id, row)),
      button("Kick…", `Kick ${player_id}`, () => this.kick(player_id), true)));
    this.mark(row);
    return row;
  }

  mark(row) {
    row.cells[7].querySelector("button").setAttribute("aria-pressed", String(Number(row.dataset.player) === this.chosen));
  }

  fill(row, player, may_act) {
    row.simulated = player.simulated;
    row.classList.toggle("away", !player.connected);
    row.cells[0].lastChild.hidden = player.connected;
    say(row.cells[1], player.role);
    say(row.cells[2], player.rtt_ms > 0 ? `${short(player.rtt_ms)} ms` : "–");
    say(row.cells[3].lastChild, player.connected ? `${short(player.state_age_ms)} ms` : "–");
    const line = this.lines.get(player.player_id) ?? [];
    line.push(player.state_age_ms);
    if (line.length > line_max) line.shift();
    this.lines.set(player.player_id, line);
    drawSpark(row.cells[3].firstChild, line);
    say(row.cells[4], bytes(player.bytes_per_s));
    say(row.cells[5], player.connected ? `${whole(player.behind_ticks)} ${player.behind_ticks === 1 ? "tick" : "ticks"}` : "–");
    say(row.cells[6], player.simulated ? words(player.simulated) : "–");
    const [, network, kick] = row.cells[7].querySelectorAll("button");
    network.hidden = kick.hidden = !may_act;
  }

  kick(player_id) {
    return askAndAct({
      title: `Kick ${player_id}?`, text: `The connection of ${player_id} ends now.`, confirm: "Kick", danger: true,
      fields: [
        { name: "reason", label: "Reason, which the player is told", type: "text", maxlength: 100 },
        { name: "ban_s", label: "Keep out of this room for, in seconds", type: "number", min: 0, max: 2_592_000, value: 0, required: true },
      ],
    }, "player.kick", ({ reason, ban_s }) => ({ room_id: this.room_id, player_id, reason, ban_s: Number(ban_s) }), `${player_id} is kicked.`);
  }

  simulate(player_id, row) {
    const { delay_ms = 0, jitter_ms = 0, loss = 0, bytes_per_s = 0 } = row.simulated ?? {};
    const number = (name, label, max, value, step = 1) => ({ name, label, type: "number", min: 0, max, step, value, required: true });
    return askAndAct({
      title: `Simulate a network for ${player_id}?`, text: "The relay plays it to this player until it is set anew. All 0: the network as it is.", confirm: "Simulate",
      fields: [number("delay_ms", "Added to the round trip, in ms", 60_000, delay_ms), number("jitter_ms", "Varying by ±, in ms", 60_000, jitter_ms),
        number("loss", "Packets lost, in %", 100, Number((loss * 100).toFixed(3)), "any"), number("bytes_per_s", "Bytes a second each way (0: no bound)", 1e9, bytes_per_s)],
    }, "player.simulate", (set) => ({
      room_id: this.room_id, player_id, delay_ms: Number(set.delay_ms), jitter_ms: Number(set.jitter_ms), loss: Number(set.loss) / 100, bytes_per_s: Number(set.bytes_per_s),
    }), `${player_id} has the network you set.`);
  }
}
