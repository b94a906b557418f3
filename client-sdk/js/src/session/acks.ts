// When the relay is to hear what was applied: with whatever is sent, alone after the interval, at once after a frame that is
// no Stream frame.
export class Acks {
  private intervalUs = 100_000;
  dueUs = Infinity;
  leastUs = 0; // a page in the background hurries less

  start(intervalUs: number): void {
    this.intervalUs = intervalUs;
    this.dueUs = Infinity;
  }

  applied(atOnce: boolean, nowUs: number): void {
    this.dueUs = Math.min(this.dueUs, atOnce ? nowUs : nowUs + Math.max(this.intervalUs, this.leastUs));
  }

  sent(): void {
    this.dueUs = Infinity;
  }
}
