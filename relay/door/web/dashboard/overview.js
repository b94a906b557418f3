// The relay as a whole: figures of now, histograms of the last minute, state age over time, who was sent away and why.

import { read } from "./api.js";
import { atMost, between, drawHistogram, drawSpark, quantile, spark } from "./charts.js";
import { byId, bytes, element, say, short, whole } from "./dom.js";
import { HeatMap } from "./heat.js";

const window_ms = 60_000;
const sparks_max = 120;
const sum = (counts) => Object.values(counts).reduce((all, count) => all + count, 0);

// value(now, before, s): what the tile says and, for its line, a number. `before` is the reading s seconds earlier.
const tiles = [
  { name: "rooms", title: "Rooms", value: (now) => [whole(now.rooms), now.rooms] },
  { name: "players", title: "Players", value: (now) => [whole(now.players), now.players] },
  { name: "connections", title: "Connections", value: (now) => [whole(now.connections), now.connections] },
  { name: "headroom", title: "Headroom", most: 1, low: 0.2, value: (now) => [`${(now.headroom * 100).toFixed(0)} %`, now.headroom] },
  { name: "state_age", title: "State age, p99", value: (now, before) => quantileOf(before.state_age, now.state_age) },
  { name: "tick_lateness", title: "Tick lateness, p99", value: (now, before) => quantileOf(before.tick_lateness, now.tick_lateness) },
  { name: "sent", title: "Sent", value: (now, before, s) => rate(sum(now.bytes_sent) - sum(before.bytes_sent), s, bytes) },
  { name: "received", title: "Received", value: (now, before, s) => rate(now.bytes_received - before.bytes_received, s, bytes) },
  { name: "frames", title: "Frames", value: (now, before, s) => rate(sum(now.frames_sent) - sum(before.frames_sent), s, short) },
  { name: "ticks", title: "Ticks", value: (now, before, s) => rate(now.ticks - before.ticks, s, short) },
  { name: "ticks_skipped", title: "Ticks skipped, ever", value: (now, before, s) => [whole(now.ticks_skipped), (now.ticks_skipped - before.ticks_skipped) / s] },
  { name: "superseded", title: "Frames superseded", value: (now, before, s) => rate(now.frames_superseded - before.frames_superseded, s, short) },
  { name: "cpu", title: "Processor", value: (now, before, s) => {
    const share = (now.process.cpu_s - before.process.cpu_s) / s;
    return [`${(share * 100).toFixed(0)} %`, share];
  } },
  { name: "memory", title: "Memory", value: (now) => [bytes(now.process.resident_bytes), now.process.resident_bytes] },
];

function rate(count, s, words) {
  return [`${words(count / s)}/s`, count / s];
}

function quantileOf(before, now) {
  const recent = between(before, now);
  const p99 = quantile(recent, 0.99);
  return [atMost(p99, recent), Number.isFinite(p99) ? (p99 ?? 0) : recent.bounds_s.at(-1)];
}

const readings = [];  // {at_ms, figures} of the last minute, oldest first
let heat;

export function startOverview() {
  heat = new HeatMap(byId("heat"), byId("heat-legend"));
  byId("tiles").append(...tiles.map((tile) => {
    tile.out = element("dd", { "data-figure": tile.name }, "–");
    tile.spark = spark();
    tile.line = [];
    tile.box = element("div", { class: "tile" }, element("dt", {}, tile.title), tile.out, tile.spark);
    return tile.box;
  }));
}

// The oldest reading of at most `ms` ago, or the one before this: counters are compared with it.
const readingOf = (ms) => readings.find(({ at_ms }) => at_ms >= readings.at(-1).at_ms - ms) ?? readings[0];

function showTiles(now) {
  const before = readings.length > 1 ? readings[Math.max(0, readings.length - 6)] : now;
  const s = Math.max(0.001, (now.at_ms - before.at_ms) / 1000);
  for (const tile of tiles) {
    const [words, number] = tile.value(now.figures, before.figures, s);
    if (now === before && tile.value.length > 1 && tile.name !== "ticks_skipped") continue;
    say(tile.out, words);
    tile.line.push(number);
    if (tile.line.length > sparks_max) tile.line.shift();
    drawSpark(tile.spark, tile.line, tile.most);
    if (tile.low !== undefined) tile.box.classList.toggle("alarm", number < tile.low);
  }
}

const rows = (counts) => Object.entries(counts).filter(([, count]) => count > 0).sort((a, b) => b[1] - a[1]);

function table(target, heads, lines, none) {
  const mark = JSON.stringify(lines);
  if (target.dataset.mark === mark) return;
  target.dataset.mark = mark;
  const cell = (tag, text, i) => element(tag, { class: i > 0 ? "number" : false, scope: tag === "th" ? "col" : false }, text);
  target.replaceChildren(element("thead", {}, element("tr", {}, ...heads.map((text, i) => cell("th", text, i)))),
    element("tbody", {}, ...lines.map((line) => element("tr", { "data-reason": line[0] }, ...line.map((text, i) => cell("td", text, i))))));
  if (lines.length === 0) target.tBodies[0].append(element("tr", {}, element("td", { colspan: heads.length, class: "none" }, none)));
}

function showReasons(now, before, s) {
  table(byId("closed"), ["Reason", "Count"], rows(now.closed).map(([name, count]) => [name, whole(count)]), "no connection has ended");
  table(byId("refused"), ["Reason", "Count"], rows(now.refused).map(([name, count]) => [name, whole(count)]), "nothing was refused");
  const kinds = rows(now.bytes_sent).map(([kind, count]) => [kind,
    `${short((now.frames_sent[kind] - before.frames_sent[kind]) / s)}/s`, `${bytes((count - before.bytes_sent[kind]) / s)}/s`]);
  table(byId("sent"), ["Kind", "Frames", "Bytes"], kinds, "nothing was sent");
}

export async function refreshOverview() {
  const figures = await read("/api/figures");
  const now = { at_ms: performance.now(), figures };
  const last = readings.at(-1);
  if (last && figures.ticks < last.figures.ticks) readings.length = 0;  // the relay was started anew
  readings.push(now);
  while (readings[0].at_ms < now.at_ms - window_ms - 2000 && readings.length > 2) readings.shift();
  showTiles(now);
  const minute = readingOf(window_ms);
  const span = readings.length > 1 ? (name) => between(minute.figures[name], figures[name]) : (name) => figures[name];
  drawHistogram(byId("lateness"), span("tick_lateness"), "Tick lateness");
  drawHistogram(byId("duration"), span("tick_duration"), "Tick duration");
  const recent = readings[Math.max(0, readings.length - 6)];
  showReasons(figures, recent.figures, Math.max(0.001, (now.at_ms - recent.at_ms) / 1000));
  if (last && readings.length > 1)
    heat.add(now.at_ms, figures.state_age.bounds_s, between(last.figures.state_age, figures.state_age).counts);
}
