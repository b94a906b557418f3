// The live figures: measured, once a quarter second.
import { JsonCost } from "./json_cost.js";

const $ = (id) => document.getElementById(id);
const everyMs = 250;
const windowMs = 2000;
const chartPoints = 200; // 20 s at 10 Hz

const rate = (bytesPerS) => (bytesPerS >= 100_000 ? [Math.round(bytesPerS / 1000), "kB/s"] : bytesPerS >= 1000 ? [(bytesPerS / 1000).toFixed(1), "kB/s"] : [Math.round(bytesPerS), "B/s"]);

function show(id, number, unit) {
  const small = document.createElement("small");
  small.textContent = ` ${unit}`;
  $(id).replaceChildren(String(number), small);
}

export class Panel {
  /** cable: wire.js. */
  constructor(room, cable) {
    Object.assign(this, { room, cable, frames: 0, ageSumMs: 0, agePeakMs: 0, samples: [], ages: [], json: new JsonCost(room) });
    this.figures = {}; // the last ones, for tests and the curious
    this.timers = [setInterval(() => this.refresh(), everyMs), setInterval(() => this.sampleAge(), 100)];
  }

  stop() {
    this.timers.forEach(clearInterval);
  }

  /** Once a drawn frame: state age is looked at then, since a timer of whole milliseconds would keep step with the ticks. */
  drawn() {
    ++this.frames;
    if (this.room.phase === "left") return;
    const ageMs = this.room.stateAge * 1000;
    this.ageSumMs += ageMs;
    this.agePeakMs = Math.max(this.agePeakMs, ageMs);
  }

  sampleAge() {
    this.ages.push(this.agePeakMs);
    this.agePeakMs = 0;
    if (this.ages.length > chartPoints) this.ages.shift();
  }

  refresh() {
    const { room, cable, samples } = this;
    const now = performance.now();
    samples.push({ now, frames: this.frames, ageSumMs: this.ageSumMs, bytes: room.stats.bytesReceived, json: this.json.count(), decodeMs: cable.decodeMs, messages: cable.messages });
    while (samples.length > 2 && now - samples[0].now > windowMs) samples.shift();
    const [first, last] = [samples[0], samples[samples.length - 1]];
    const seconds = (last.now - first.now) / 1000;
    if (seconds === 0 || room.phase === "left") return;
    const perS = (name) => (last[name] - first[name]) / seconds;
    const messages = last.messages - first.messages;
    this.figures = {
      pingMs: room.latency * 1000, ageMs: (last.ageSumMs - first.ageSumMs) / Math.max(1, last.frames - first.frames), bytesPerS: perS("bytes"), jsonPerS: perS("json"), fps: perS("frames"),
      decodeMs: messages > 0 ? (last.decodeMs - first.decodeMs) / messages : 0,
    };
    if ($("panel").open) this.write();
    $("brief").textContent = `${Math.round(this.figures.pingMs)} ms`;
  }

  write() {
    const { pingMs, ageMs, bytesPerS, jsonPerS, fps, decodeMs } = this.figures;
    show("ping", Math.round(pingMs), "ms");
    show("age", Math.round(ageMs), "ms");
    show("bytes", ...rate(bytesPerS));
    show("json", ...rate(jsonPerS));
    show("fps", Math.round(fps), "Hz");
    show("decode", decodeMs.toFixed(2), "ms each");
    this.chart();
  }

  chart() {
    const canvas = $("chart");
    const width = canvas.clientWidth, height = 48, ratio = devicePixelRatio;
    canvas.width = width * ratio;
    canvas.height = height * ratio;
    const context = canvas.getContext("2d");
    context.scale(ratio, ratio);
    const style = getComputedStyle(document.documentElement);
    const most = Math.max(200, ...this.ages);
    context.beginPath();
    this.ages.forEach((age, i) => context.lineTo(width - (this.ages.length - 1 - i) * (width / (chartPoints - 1)), height - 2 - (age / most) * (height - 14)));
    context.lineWidth = 1.5;
    context.strokeStyle = style.getPropertyValue("--accent");
    context.stroke();
    context.fillStyle = style.getPropertyValue("--soft");
    context.font = "11px system-ui, sans-serif";
    context.fillText(`state age, 20 s, up to ${Math.round(most)} ms`, 0, 9);
  }
}
