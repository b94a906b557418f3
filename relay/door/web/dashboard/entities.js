// Every field of a room's entities, a page at a time: read only while it is unfolded.

import { readRoom } from "./api.js";
import { element, keyed, say, whole } from "./dom.js";

const page_entities = 25;

const words = (value) => (typeof value === "object" && value !== null
  ? Object.entries(value).map(([name, each]) => `${name} ${typeof each === "number" ? Number(each.toFixed(3)) : JSON.stringify(each)}`).join(", ")
  : JSON.stringify(value));

export class EntityList {
  constructor(room_id) {
    this.room_id = room_id;
    this.after = [""];  // of the pages up to this one
    this.last = "";
    this.body = element("tbody");
    this.count = element("span");
    this.back = element("button", { type: "button", click: () => this.turn(() => this.after.length > 1 && this.after.pop()) }, "Before");
    this.next = element("button", { type: "button", click: () => this.turn(() => this.last !== "" && this.after.push(this.last)) }, "Next");
    const heads = ["Entity", "Components"].map((text) => element("th", { scope: "col" }, text));
    this.box = element("details", { toggle: () => this.refresh().catch(() => {}) }, element("summary", {}, "Show every field"),
      element("div", { class: "scroll" }, element("table", { class: "entities" }, element("thead", {}, element("tr", {}, ...heads)), this.body)),
      element("nav", { class: "pages", "aria-label": "Pages of entities" }, this.back, this.count, this.next));
  }

  turn(step) {
    step();
    this.refresh().catch(() => {});  // the next second's says why
  }

  async refresh() {
    if (!this.box.open) return;
    const after = this.after.at(-1);
    const { entities, total } = await readRoom("state", this.room_id, { limit: page_entities, after });
    if (after !== this.after.at(-1)) return;  // another page by now
    const rows = Object.entries(entities).sort(([a], [b]) => a - b);
    this.last = rows.length === page_entities ? rows.at(-1)[0] : "";
    keyed(this.body, rows, ([id]) => id, ([id]) => element("tr", {}, element("td", {}, id === "0" ? "0, the room" : id), element("td", {}, element("ul"))),
      (row, [, components]) => keyed(row.cells[1].firstChild, Object.entries(components), ([name]) => name,
        ([name]) => element("li", {}, element("b", {}, name), " ", element("span")), (line, [, value]) => say(line.lastChild, words(value))));
    this.back.disabled = this.after.length === 1;
    this.next.disabled = this.last === "";
    say(this.count, `${whole(rows.length)} from ${rows[0]?.[0] ?? "none"}, of ${whole(total)}`);
  }
}
