// Trails behind ships and sparks where a gem was: for the eye alone.
const sparksMax = 400;
const trailMax = 22;

export class Sparks {
  constructor() {
    this.sparks = [];
    this.trails = new Map();
    this.calm = matchMedia("(prefers-reduced-motion: reduce)");
  }

  burst(x, z, colour, count = 14) {
    if (this.calm.matches) return;
    for (let i = 0; i < count && this.sparks.length < sparksMax; ++i) {
      const angle = Math.random() * 2 * Math.PI, speed = 4 + Math.random() * 12;
      this.sparks.push({ x, z, speedX: Math.cos(angle) * speed, speedZ: Math.sin(angle) * speed, left: 0.5 + Math.random() * 0.3, colour });
    }
  }

  move(seconds) {
    for (const spark of this.sparks) {
      spark.left -= seconds;
      spark.x += spark.speedX * seconds;
      spark.z += spark.speedZ * seconds;
    }
    this.sparks = this.sparks.filter(({ left }) => left > 0);
  }

  /** The places where this ship was, the newest last. */
  trail(entity, x, z) {
    if (this.calm.matches) return [];
    const trail = this.trails.get(entity) ?? [];
    const last = trail[trail.length - 1];
    if (last === undefined || Math.hypot(x - last.x, z - last.z) > 8) trail.length = 0; // it did not fly here
    trail.push({ x, z });
    if (trail.length > trailMax) trail.shift();
    this.trails.set(entity, trail);
    return trail;
  }

  forget(entity) {
    this.trails.delete(entity);
  }
}
