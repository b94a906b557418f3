// Draws the field around one's own ship, in the page's colours.
import { fieldRadius, shipRadius } from "./ship.js";

const colourNames = ["ground", "field", "grid", "edge", "text", "soft", "gem", "gold", "glow", "ship-light"];

export class Field {
  constructor(canvas) {
    this.canvas = canvas;
    this.context = canvas.getContext("2d");
    this.camera = { x: 0, z: 0 };
    this.readColours();
    matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => this.readColours());
  }

  readColours() {
    const style = getComputedStyle(document.documentElement);
    this.colours = Object.fromEntries(colourNames.map((name) => [name, style.getPropertyValue(`--${name}`).trim()]));
    this.glows = this.colours.glow === "1";
  }

  /** Pixels a metre. */
  get scale() {
    return Math.max(7.5, Math.min(innerWidth, innerHeight) / 54);
  }

  onScreen({ x, z }) {
    return { x: innerWidth / 2 + (x - this.camera.x) * this.scale, y: innerHeight / 2 + (z - this.camera.z) * this.scale };
  }

  /** Behind `to`, softly, and not far out of the field. */
  follow(to, seconds) {
    const share = 1 - Math.exp(-seconds * 6);
    this.camera.x += (to.x * 0.62 - this.camera.x) * share;
    this.camera.z += (to.z * 0.62 - this.camera.z) * share;
  }

  begin() {
    const { canvas, context, colours, scale } = this;
    const ratio = Math.min(devicePixelRatio, 2);
    const [width, height] = [Math.round(innerWidth * ratio), Math.round(innerHeight * ratio)];
    if (canvas.width !== width || canvas.height !== height) Object.assign(canvas, { width, height });
    context.setTransform(1, 0, 0, 1, 0, 0);
    context.globalAlpha = 1;
    context.fillStyle = colours.ground;
    context.fillRect(0, 0, width, height);
    context.setTransform(scale * ratio, 0, 0, scale * ratio, width / 2 - this.camera.x * scale * ratio, height / 2 - this.camera.z * scale * ratio);
    this.arena();
  }

  arena() {
    const { context, colours } = this;
    context.fillStyle = colours.field;
    context.beginPath();
    context.arc(0, 0, fieldRadius, 0, 2 * Math.PI);
    context.fill();
    context.strokeStyle = colours.grid;
    context.lineWidth = 0.08;
    context.beginPath();
    for (let at = -35; at <= 35; at += 5) {
      const half = Math.sqrt(fieldRadius ** 2 - at ** 2);
      context.moveTo(at, -half);
      context.lineTo(at, half);
      context.moveTo(-half, at);
      context.lineTo(half, at);
    }
    context.stroke();
    context.strokeStyle = colours.edge;
    context.lineWidth = 0.35;
    context.beginPath();
    context.arc(0, 0, fieldRadius, 0, 2 * Math.PI);
    context.stroke();
  }

  gem({ x, z }, worth, seconds) {
    const { context, colours } = this;
    const size = (worth > 1 ? 1.05 : 0.68) * (1 + 0.08 * Math.sin(seconds * 3 + x));
    context.save();
    context.translate(x, z);
    context.rotate(seconds * 0.9 + z);
    context.fillStyle = worth > 1 ? colours.gold : colours.gem;
    this.shine(context.fillStyle, 14);
    context.beginPath();
    for (let corner = 0; corner < 4; ++corner) context.lineTo(size * Math.cos((corner * Math.PI) / 2), size * Math.sin((corner * Math.PI) / 2));
    context.closePath();
    context.fill();
    context.shadowBlur = 0;
    context.globalAlpha = 0.55;
    context.fillStyle = "#ffffff";
    context.beginPath();
    context.moveTo(size * 0.55, 0);
    context.lineTo(0, size * 0.55);
    context.lineTo(0, 0);
    context.fill();
    context.restore();
  }

  /** ship: { x, z, yaw, hue, name, own, away }, trail: where it was. */
  ship(ship, trail) {
    const { context, colours } = this;
    const light = colours["ship-light"];
    const colour = `hsl(${ship.hue} 80% ${light})`;
    this.tail(trail, colour);
    context.save();
    context.globalAlpha = ship.away ? 0.3 : 1;
    context.translate(ship.x, ship.z);
    context.save();
    context.rotate(ship.yaw);
    this.shine(colour, ship.own ? 22 : 10);
    context.fillStyle = colour;
    context.beginPath();
    context.moveTo(shipRadius * 1.45, 0);
    context.lineTo(-shipRadius, shipRadius * 0.95);
    context.lineTo(-shipRadius * 0.5, 0);
    context.lineTo(-shipRadius, -shipRadius * 0.95);
    context.closePath();
    context.fill();
    context.shadowBlur = 0;
    if (ship.own) {
      context.lineWidth = 0.22;
      context.lineJoin = "round";
      context.strokeStyle = colours.text;
      context.stroke();
    }
    context.restore();
    context.scale(1 / this.scale, 1 / this.scale);
    context.font = `${ship.own ? 600 : 400} 12px system-ui, sans-serif`;
    context.textAlign = "center";
    context.fillStyle = ship.own ? colours.text : colours.soft;
    context.fillText(ship.name, 0, -shipRadius * this.scale - 8);
    context.restore();
  }

  tail(trail, colour) {
    const { context } = this;
    context.strokeStyle = colour;
    context.lineCap = "round";
    for (let i = 1; i < trail.length; ++i) {
      const share = i / trail.length;
      context.globalAlpha = share * 0.4;
      context.lineWidth = share * shipRadius * 0.9;
      context.beginPath();
      context.moveTo(trail[i - 1].x, trail[i - 1].z);
      context.lineTo(trail[i].x, trail[i].z);
      context.stroke();
    }
    context.globalAlpha = 1;
  }

  sparks(sparks) {
    const { context } = this;
    for (const { x, z, left, colour } of sparks) {
      context.globalAlpha = Math.min(1, left * 2);
      context.fillStyle = colour;
      context.beginPath();
      context.arc(x, z, 0.22, 0, 2 * Math.PI);
      context.fill();
    }
    context.globalAlpha = 1;
  }

  shine(colour, blur) {
    if (!this.glows) return;
    this.context.shadowColor = colour;
    this.context.shadowBlur = blur;
  }
}
