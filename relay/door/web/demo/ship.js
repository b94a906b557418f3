// One's own ship: it has momentum, bounces off others and off the edge. Moved here, at the screen's rate; the relay passes it on.
export const fieldRadius = 40; // m
export const shipRadius = 1.1; // m
const push = 46; // m/s²
const drag = 1.5; // 1/s
const dashSpeed = 30; // m/s
const dashEvery = 0.9; // s

export class Ship {
  constructor(x = 0, z = 0, yaw = 0) {
    Object.assign(this, { x, z, yaw, speedX: 0, speedZ: 0, sinceDash: dashEvery });
  }

  /** False: too soon after the last. */
  dash() {
    if (this.sinceDash < dashEvery) return false;
    this.sinceDash = 0;
    this.speedX += Math.cos(this.yaw) * dashSpeed;
    this.speedZ += Math.sin(this.yaw) * dashSpeed;
    return true;
  }

  /** others: { x, z } of the ships around. Whether it hit something. */
  move(seconds, wish, others) {
    this.sinceDash += seconds;
    this.speedX += (wish.x * push - this.speedX * drag) * seconds;
    this.speedZ += (wish.y * push - this.speedZ * drag) * seconds;
    this.x += this.speedX * seconds;
    this.z += this.speedZ * seconds;
    if (Math.hypot(wish.x, wish.y) > 0.1) this.turnTo(Math.atan2(wish.y, wish.x), seconds);
    let hit = this.bounceOffEdge();
    for (const other of others) hit = this.bounceOff(other) || hit;
    return hit;
  }

  turnTo(yaw, seconds) {
    const by = Math.atan2(Math.sin(yaw - this.yaw), Math.cos(yaw - this.yaw));
    this.yaw = Math.atan2(Math.sin(this.yaw + by * Math.min(1, seconds * 14)), Math.cos(this.yaw + by * Math.min(1, seconds * 14)));
  }

  bounceOffEdge() {
    const out = Math.hypot(this.x, this.z);
    if (out <= fieldRadius - shipRadius) return false;
    const [x, z] = [this.x / out, this.z / out];
    this.x = x * (fieldRadius - shipRadius);
    this.z = z * (fieldRadius - shipRadius);
    return this.reflect(-x, -z);
  }

  bounceOff(other) {
    const [x, z] = [this.x - other.x, this.z - other.z];
    const distance = Math.hypot(x, z);
    if (distance >= 2 * shipRadius || distance < 1e-6) return false;
    this.x = other.x + (x / distance) * 2 * shipRadius;
    this.z = other.z + (z / distance) * 2 * shipRadius;
    return this.reflect(x / distance, z / distance);
  }

  /** Off what lies against (x, z), a direction of length 1. */
  reflect(x, z) {
    const into = this.speedX * x + this.speedZ * z;
    if (into >= 0) return false;
    this.speedX -= 1.8 * into * x;
    this.speedZ -= 1.8 * into * z;
    return true;
  }
}
