// The tail of the relay's log.

import { read } from "./api.js";
import { byId, element } from "./dom.js";

const shown = 200;
let newest = "";

export async function refreshLog() {
  const { lines } = await read("/api/log", { limit: shown });
  const mark = JSON.stringify([lines.length, lines.at(-1)]);
  if (mark === newest) return;
  newest = mark;
  const list = byId("log");
  const atEnd = list.scrollTop + list.clientHeight >= list.scrollHeight - 8;
  list.replaceChildren(...lines.map((line) => element("li", { class: line.level }, line.text)));
  if (atEnd) list.scrollTop = list.scrollHeight;
}
