// When to try again: full jitter, 0 to 1 s, 0 to 2 s, 0 to 4 s … at most 0 to 15 s. Thousands of clients that lost one relay
// come back spread out.
const mostUs = 15_000_000;

/** The return slot that a relay hands out in a close's reason, "overloaded: come back in 1234 ms: …"; at most a minute counts. */
export function returnSlotUs(reason: string): number | undefined {
  const found = /come back in (\d{1,9}) ms/.exec(reason);
  return found === null ? undefined : Math.min(Number(found[1]), 60_000) * 1_000;
}

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
