// Where a room's entities are, from the `position` fields of its schema. Players' are dots in colour, nobody's are grey;
// between two readings dots glide, unless the reader asked for less motion.

import { short, whole } from "./dom.js";

const margin = 18;
const grid_lines = 100;  // at most: where a coordinate is so large that a step changes nothing there is no end otherwise
const still = matchMedia("(prefers-reduced-motion: reduce)");

export class EntityMap {
  constructor(canvas, legend) {
    this.canvas = canvas;
    this.legend = legend;
    this.before = new Map();  // entity → [x, y]
    this.now = new Map();
    this.owners = new Map();
    this.names = new Map();   // player number → player_id
    this.chosen = 0;          // the player whose entities are ringed
    this.extent = null;
    this.pending = 0;
    this.resizing = new ResizeObserver(() => this.schedule());
    this.resizing.observe(canvas.parentElement);
  }

  stop() {
    this.resizing.disconnect();
    cancelAnimationFrame(this.pending);
  }

  // As /api/places gives them. axes: which two of the kind's numbers are right and up.
  show({ total, kinds, places }) {
    this.total = total;
    this.axes = kinds.length > 0 ? pickAxes(kinds[0].axes, places) : [0, 0];
    this.labels = kinds.length > 0 ? this.axes.map((axis) => kinds[0].axes[axis]) : [];
    this.before = this.now;
    this.now = new Map(places.map((place) => [place[1], this.axes.map((axis) => place[3 + axis] ?? 0)]));
    this.owners = new Map(places.map((place) => [place[1], place[2]]));
    const arrived = performance.now();
    this.period_ms = Math.min(1500, arrived - (this.arrived_ms ?? arrived));
    this.arrived_ms = arrived;
    this.grow();
    this.describe();
    this.schedule();
  }

  choose(player) {
    this.chosen = player;
    this.schedule();
  }

  // Only ever wider: a map that breathes with every step cannot be read.
  grow() {
    const fresh = this.extent ?? { low: [Infinity, Infinity], high: [-Infinity, -Infinity] };
    for (const at of this.now.values()) {
      for (const axis of [0, 1]) {
        fresh.low[axis] = Math.min(fresh.low[axis], at[axis]);
        fresh.high[axis] = Math.max(fresh.high[axis], at[axis]);
      }
    }
    if (this.now.size > 0) this.extent = fresh;
  }

  describe() {
    const shown = this.now.size;
    const owned = [...this.owners.values()].filter((owner) => owner !== 0).length;
    const words = this.labels.length === 0 ? "The schema of this room has no position fields"
      : `${whole(this.total)} entities with a position${shown < this.total ? `, ${whole(shown)} of them shown` : ""}; players': ${whole(owned)}`;
    this.canvas.setAttribute("aria-label", `Map: ${words}`);
    this.legend.textContent = `${words}. ${this.labels.length > 0 ? `Right: ${this.labels[0]}, up: ${this.labels[1]}.` : ""}`;
  }

  schedule() {
    cancelAnimationFrame(this.pending);
    this.pending = requestAnimationFrame(() => this.draw());
  }

  draw() {
    const box = this.canvas.parentElement.getBoundingClientRect();
    if (box.width === 0) return;
    const scale = devicePixelRatio || 1;
    const [width, height] = [Math.floor(box.width), Math.floor(box.height)];
    if (this.canvas.width !== width * scale || this.canvas.height !== height * scale) {
      this.canvas.width = width * scale;
      this.canvas.height = height * scale;
    }
    const pen = this.canvas.getContext("2d");
    pen.setTransform(scale, 0, 0, scale, 0, 0);
    pen.clearRect(0, 0, width, height);
    if (!this.extent) return;
    const part = still.matches ? 1 : Math.min(1, (performance.now() - this.arrived_ms) / (this.period_ms || 1));
    const style = getComputedStyle(this.canvas);
    const place = projection(this.extent, width, height);
    this.drawGrid(pen, style, place, width, height);
    this.drawEntities(pen, style, place, part);
    if (part < 1) this.schedule();
  }

  drawGrid(pen, style, place, width, height) {
    const step = gridStep((width - 2 * margin) / place.scale / 6);
    pen.strokeStyle = style.getPropertyValue("--line");
    pen.fillStyle = style.getPropertyValue("--muted");
    pen.font = "11px system-ui, sans-serif";
    pen.lineWidth = 1;
    pen.beginPath();
    const lines = (from) => Array.from({ length: grid_lines }, (_, line) => (Math.ceil(from / step) + line) * step);
    for (const at of lines(place.left)) {
      if (!(place.x(at) <= width)) break;
      pen.moveTo(Math.round(place.x(at)) + 0.5, 0);
      pen.lineTo(Math.round(place.x(at)) + 0.5, height);
      pen.fillText(short(at), place.x(at) + 3, height - 4);
    }
    for (const at of lines(place.bottom)) {
      if (!(place.y(at) >= 0)) break;
      pen.moveTo(0, Math.round(place.y(at)) + 0.5);
      pen.lineTo(width, Math.round(place.y(at)) + 0.5);
      if (place.y(at) < height - 20) pen.fillText(short(at), 4, place.y(at) - 3);
    }
    pen.stroke();
  }

  drawEntities(pen, style, place, part) {
    const radius = this.now.size > 500 ? 2 : this.now.size > 100 ? 3 : 5;
    const [theirs, nobodys, ink] = ["--accent", "--dot", "--ink"].map((name) => style.getPropertyValue(name));
    pen.font = "12px system-ui, sans-serif";
    for (const [entity, at] of this.now) {
      const from = this.before.get(entity) ?? at;
      const x = place.x(from[0] + (at[0] - from[0]) * part);
      const y = place.y(from[1] + (at[1] - from[1]) * part);
      const owner = this.owners.get(entity);
      pen.fillStyle = owner === 0 ? nobodys : theirs;
      pen.beginPath();
      pen.arc(x, y, radius, 0, 2 * Math.PI);
      pen.fill();
      if (owner === 0) continue;
      if (owner === this.chosen) {
        pen.strokeStyle = ink;
        pen.lineWidth = 2;
        pen.beginPath();
        pen.arc(x, y, radius + 4, 0, 2 * Math.PI);
        pen.stroke();
      }
      if (this.now.size <= 60 || owner === this.chosen) {
        pen.fillStyle = ink;
        pen.fillText(this.names.get(owner) ?? `player ${owner}`, x + radius + 4, y + 4);
      }
    }
  }
}

// Of three axes the one along which entities differ least is looked along.
function pickAxes(names, places) {
  if (names.length < 3) return names.length === 2 ? [0, 1] : [0, 0];
  const spread = names.map((_, axis) => {
    const values = places.map((place) => place[3 + axis]);
    return Math.max(...values) - Math.min(...values);
  });
  const flat = spread.indexOf(Math.min(...spread));
  return [0, 1, 2].filter((axis) => axis !== (places.length > 1 ? flat : 1));
}

function projection(extent, width, height) {
  const middle = [0, 1].map((axis) => (extent.low[axis] + extent.high[axis]) / 2);
  const span = [0, 1].map((axis) => Math.max(extent.high[axis] - extent.low[axis], 1e-6));
  const whole = Math.max(span[0], span[1]) < 1e-5 ? 10 : 0;
  const scale = Math.min((width - 2 * margin) / (span[0] + whole), (height - 2 * margin) / (span[1] + whole));
  return {
    scale,
    x: (at) => width / 2 + (at - middle[0]) * scale,
    y: (at) => height / 2 - (at - middle[1]) * scale,
    left: middle[0] - width / 2 / scale,
    bottom: middle[1] - height / 2 / scale,
  };
}

// 1, 2 or 5 times a power of ten, at least `least`.
function gridStep(least) {
  const power = 10 ** Math.floor(Math.log10(least));
  return power * ([1, 2, 5, 10].find((step) => step * power >= least) ?? 10);
}
