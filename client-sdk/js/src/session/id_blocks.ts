// Entity ids that the relay granted to this seat; used in increasing order, each once.
export class IdBlocks {
  private blocks: { first: number; count: number }[] = []; // by first
  private used = 0; // highest given out

  clear(): void {
    this.blocks = [];
    this.used = 0;
  }

  /** The relay may know none of them any more; the ids that were used stay used. */
  forget(): void {
    this.blocks = [];
  }

  /** The same block may be told again. */
  add(first: number, count: number): void {
    if (first === 0 || count === 0 || first > 0xffffffff - count) return;
    const known = this.blocks.find((block) => block.first === first);
    if (known !== undefined) known.count = Math.max(known.count, count);
    else if (this.blocks.length < 1024) this.blocks.push({ first, count });
    this.blocks.sort((a, b) => a.first - b.first);
  }

  /** 0: none left. */
  take(): number {
    for (; this.blocks.length > 0; this.blocks.shift()) {
      const { first, count } = this.blocks[0];
      const next = Math.max(this.used + 1, first);
      if (next - first < count) return (this.used = next);
    }
    return 0;
  }
}
