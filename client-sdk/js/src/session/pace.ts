// How much state the relay is to send: what the game said, and less while the page is hidden.
const hiddenBytesPerS = 700; // leaves room under 1 kB/s for pongs and what is one's own

export class Pace {
  private budget = 0; // bytes/s, 0: as much as the room allows
  private toldBytes = 0;
  hidden = false;

  set(bytesPerS: number): void {
    this.budget = bytesPerS;
  }

  private get wanted(): number {
    if (!this.hidden) return this.budget;
    return this.budget === 0 ? hiddenBytesPerS : Math.min(this.budget, hiddenBytesPerS);
  }

  /** A new connection has no pace. */
  restart(): void {
    this.toldBytes = 0;
  }

  /** What the relay is to be told; undefined: it knows. */
  take(): number | undefined {
    if (this.wanted === this.toldBytes) return undefined;
    return (this.toldBytes = this.wanted);
  }
}
