// What the player wants: a direction of at most length 1 on the screen, and dashes. Keyboard, mouse and fingers.
const keys = {
  ArrowLeft: [-1, 0], KeyA: [-1, 0], ArrowRight: [1, 0], KeyD: [1, 0], ArrowUp: [0, -1], KeyW: [0, -1], ArrowDown: [0, 1], KeyS: [0, 1],
};
const full = 110; // px from the ship: full push

export class Controls {
  /** shipAt(): where the ship is on the screen. onDash(): called at once. */
  constructor(canvas, shipAt, onDash) {
    this.held = new Set();
    this.pointers = new Map();
    this.shipAt = shipAt;
    const typing = ({ target }) => target instanceof HTMLInputElement || target instanceof HTMLButtonElement;
    addEventListener("keydown", (event) => {
      if (typing(event) || event.ctrlKey || event.metaKey || event.altKey) return;
      if (event.code in keys) this.held.add(event.code);
      else if (event.code === "Space" && !event.repeat && event.target?.localName !== "summary") onDash();
      else return;
      if (event.target === canvas || event.target === document.body) event.preventDefault();
    });
    addEventListener("keyup", ({ code }) => this.held.delete(code));
    addEventListener("blur", () => this.held.clear());
    canvas.addEventListener("pointerdown", (event) => {
      if (event.pointerType === "mouse" || this.pointers.size > 0) onDash();
      if (event.pointerType !== "mouse" && event.isTrusted) canvas.setPointerCapture(event.pointerId);
      this.pointers.set(event.pointerId, { x: event.clientX, y: event.clientY });
    });
    canvas.addEventListener("pointermove", (event) => {
      if (event.pointerType === "mouse" || this.pointers.has(event.pointerId)) this.pointers.set(event.pointerId, { x: event.clientX, y: event.clientY });
    });
    for (const end of ["pointerup", "pointercancel", "pointerleave"]) {
      canvas.addEventListener(end, (event) => {
        if (end === "pointerleave" || event.pointerType !== "mouse") this.pointers.delete(event.pointerId);
      });
    }
  }

  /** Keys count where some are held, else the first pointer. */
  push() {
    let x = 0, y = 0;
    for (const code of this.held) {
      x += keys[code][0];
      y += keys[code][1];
    }
    const [pointer] = this.pointers.values();
    if (this.held.size === 0 && pointer !== undefined) {
      const ship = this.shipAt();
      x = (pointer.x - ship.x) / full;
      y = (pointer.y - ship.y) / full;
      if (Math.hypot(x, y) < 0.12) return { x: 0, y: 0 };
    }
    const length = Math.hypot(x, y);
    return length > 1 ? { x: x / length, y: y / length } : { x, y };
  }
}
