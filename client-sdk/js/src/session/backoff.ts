// When to try again: full jitter, 0 to 1 s, 0 to 2 s, 0 to 4 s … at most 0 to 15 s. Thousands of clients that lost one relay
// come back spread out.
const mostUs = 15_000_000;

export class Backoff {
  private tries = 0;

  /** random: uniform in [0, 1). */
  constructor(private readonly random: () => number) {}

  reset(): void {
    this.tries = 0;
  }

  nextUs(): number {
    const within = Math.min(mostUs, 1_000_000 * 2 ** Math.min(this.tries, 4));
    ++this.tries;
    return this.belowUs(within);
  }

  belowUs(most: number): number {
    return Math.floor(this.random() * most);
  }
}
