// State age over time: a column every two seconds, a row a bucket of the relay's histogram, darker (in dark: brighter)
// the larger the share of samples in it.

import { bound } from "./dom.js";

const column_ms = 2_000;
const spans = [60, 150, 300];  // columns: two, five and ten minutes, as there is more to show
const columns_max = spans.at(-1);
const label_width = 62;
const foot = 18;

export class HeatMap {
  constructor(canvas, legend) {
    this.canvas = canvas;
    this.legend = legend;
    this.columns = [];  // {at_ms, counts}
    this.bounds_s = [];
    new ResizeObserver(() => this.draw()).observe(canvas.parentElement);
    matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => this.draw());
  }

  // counts: the samples since the call before, at now_ms. What came while the page slept is one column at its end.
  add(now_ms, bounds_s, counts) {
    this.bounds_s = bounds_s;
    const slot = Math.floor(now_ms / column_ms);
    const last = this.columns.at(-1);
    if (last?.slot === slot) last.counts = last.counts.map((count, i) => count + counts[i]);
    else this.columns.push({ slot, counts });
    while (this.columns.length > columns_max || this.columns[0].slot <= slot - columns_max) this.columns.shift();
    this.draw();
  }

  draw() {
    const box = this.canvas.parentElement.getBoundingClientRect();
    if (box.width === 0 || this.bounds_s.length === 0) return;
    const scale = devicePixelRatio || 1;
    const [width, height] = [Math.floor(box.width), Math.floor(box.height)];
    this.canvas.width = width * scale;
    this.canvas.height = height * scale;
    const pen = this.canvas.getContext("2d");
    pen.scale(scale, scale);
    const style = getComputedStyle(this.canvas);
    const rows = this.rows();
    const kept = this.columns.length > 0 ? this.columns.at(-1).slot - this.columns[0].slot + 1 : 0;
    this.span = spans.find((span) => span >= kept) ?? columns_max;
    this.drawCells(pen, style, rows, width, height);
    this.drawAxes(pen, style, rows, width, height);
    this.describe();
  }

  // The buckets from the first to the last that hold something, and one more on each side.
  rows() {
    const used = this.bounds_s.map(() => 0).concat(0);
    for (const { counts } of this.columns) counts.forEach((count, i) => { used[i] += count; });
    const first = used.findIndex((count) => count > 0);
    const last = used.findLastIndex((count) => count > 0);
    const from = Math.max(0, (first < 0 ? 4 : first) - 1);
    const to = Math.max(from + 5, Math.min(used.length - 1, (last < 0 ? 8 : last) + 1));
    return Array.from({ length: Math.min(used.length, to + 1) - from }, (_, i) => from + i);
  }

  drawCells(pen, style, rows, width, height) {
    const step = (width - label_width) / this.span;
    const tall = (height - foot) / rows.length;
    const newest = this.columns.at(-1)?.slot ?? 0;
    pen.fillStyle = style.getPropertyValue("--heat-none");
    pen.fillRect(label_width, 0, width - label_width, height - foot);
    pen.fillStyle = style.getPropertyValue("--heat-full");
    for (const { slot, counts } of this.columns) {
      const total = counts.reduce((sum, count) => sum + count, 0);
      const left = Math.round(width - (newest - slot + 1) * step);
      const right = Math.max(left + 1, Math.round(width - (newest - slot) * step));
      rows.forEach((bucket, i) => {
        if (counts[bucket] === 0) return;
        pen.globalAlpha = 0.2 + 0.8 * Math.sqrt(counts[bucket] / total);
        pen.fillRect(left, height - foot - (i + 1) * tall, right - left, tall - 1);
      });
    }
    pen.globalAlpha = 1;
  }

  drawAxes(pen, style, rows, width, height) {
    const tall = (height - foot) / rows.length;
    pen.fillStyle = style.getPropertyValue("--muted");
    pen.font = "11px system-ui, sans-serif";
    pen.textBaseline = "middle";
    pen.textAlign = "right";
    rows.forEach((bucket, i) => {
      const text = bucket < this.bounds_s.length ? `≤ ${bound(this.bounds_s[bucket])}` : `> ${bound(this.bounds_s.at(-1))}`;
      pen.fillText(text, label_width - 6, height - foot - (i + 0.5) * tall);
    });
    pen.textBaseline = "bottom";
    const minutes = (this.span * column_ms) / 60_000;
    const every = minutes <= 5 && width > 500 ? 1 : minutes > 5 && width > 500 ? 2 : minutes;
    for (let minute = 0; minute <= minutes; minute += every) {
      const x = width - ((width - label_width) * minute) / minutes;
      pen.textAlign = minute === 0 ? "right" : minute === minutes ? "left" : "center";
      pen.fillText(minute === 0 ? "now" : `${minute} min ago`, x, height);
    }
  }

  describe() {
    const last = this.columns.at(-1)?.counts ?? [];
    const total = last.reduce((sum, count) => sum + count, 0);
    const highest = last.findLastIndex((count) => count > 0);
    const words = total === 0 ? "no players now" : highest < this.bounds_s.length
      ? `the oldest of ${total} ${total === 1 ? "sample" : "samples"} of now is at most ${bound(this.bounds_s[highest])}` : `some are over ${bound(this.bounds_s.at(-1))}`;
    this.canvas.setAttribute("aria-label", `State age over time: ${words}`);
    this.legend.textContent = words[0].toUpperCase() + words.slice(1) + ". Stronger colour: a larger share.";
  }
}
