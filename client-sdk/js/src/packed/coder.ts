// The range decoder of codec packed. Reads zeros beyond the end: any bytes decode to something, and what makes no sense is
// for the reader to find.

export class RangeDecoder {
  private range = 0xffffffff;
  private code = 0;
  private at = 0;

  constructor(private readonly bytes: Uint8Array) {
    for (let i = 0; i < 4; ++i) this.code = ((this.code << 8) | this.next()) >>> 0;
  }

  /** p: of a 1, of 65536. */
  bit(p: number): number {
    const bound = (this.range >>> 16) * p;
    let bit = 1;
    if (this.code < bound) {
      this.range = bound;
    } else {
      bit = 0;
      this.code -= bound;
      this.range -= bound;
    }
    while (this.range < 0x1000000) this.shift();
    return bit;
  }

  /** So many evenly distributed bits, at most 32, as an unsigned number. */
  raw(count: number): number {
    let value = 0;
    for (; count > 8; count -= 8) value = (value << 8) | this.piece(8);
    return (count === 0 ? value : (value << count) | this.piece(count)) >>> 0;
  }

  private piece(count: number): number {
    this.range >>>= count;
    const most = (1 << count) - 1;
    let value = Math.floor(this.code / this.range);
    if (value > most) value = most; // bytes that no encoder made
    this.code -= value * this.range;
    while (this.range < 0x1000000) this.shift();
    return value;
  }

  private shift(): void {
    this.range = (this.range << 8) >>> 0;
    this.code = ((this.code << 8) | this.next()) >>> 0;
  }

  private next(): number {
    return this.at < this.bytes.length ? this.bytes[this.at++] : 0;
  }
}
