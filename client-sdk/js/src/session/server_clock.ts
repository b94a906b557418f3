// The relay's clock as pings tell it, and the delay at which to render. Times are µs of this machine's monotonic clock and of
// the relay's.
const slewRate = 0.02; // the clock runs at most 2 % fast or slow
const delaySlewRate = 0.1; // render time at most 10 %: still forwards, hardly seen
const latenessDecay = 0.995; // per frame
const latenessMaxUs = 500_000; // a gap (a pause of this program, a slow link) is no jitter
const kept = 16;

interface Sample {
  readonly roundTripUs: number;
  readonly offsetUs: number;
}

/** A number on its way to another, at a bounded pace. */
class Slewed {
  private value = 0;
  private target = 0;
  private sinceUs = 0;

  constructor(private readonly rate: number) {}

  at(nowUs: number): number {
    const most = Math.max(0, nowUs - this.sinceUs) * this.rate;
    return this.value + Math.min(Math.max(this.target - this.value, -most), most);
  }

  aim(target: number, nowUs: number): void {
    this.value = this.at(nowUs);
    this.target = target;
    this.sinceUs = nowUs;
  }

  jump(value: number, nowUs: number): void {
    this.value = this.target = value;
    this.sinceUs = nowUs;
  }
}

export class ServerClock {
  private readonly ring: Sample[] = [];
  private samples = 0;
  private readonly offset = new Slewed(slewRate);
  private readonly delay = new Slewed(delaySlewRate);
  private latenessUs = 0; // decaying maximum
  private smoothedUs = 0;

  get known(): boolean {
    return this.samples !== 0;
  }

  /** Round trip, smoothed; 0: unknown. */
  get roundTripUs(): number {
    return this.smoothedUs;
  }

  /** A round trip: sent and received here, the relay's clock in between. The shortest of the last several counts. */
  sample(sentUs: number, receivedUs: number, relayUs: number): void {
    const roundTrip = receivedUs - sentUs;
    if (roundTrip < 0) return;
    this.guess(sentUs, receivedUs, relayUs);
    this.smoothedUs = this.smoothedUs === 0 ? roundTrip : (this.smoothedUs * 3 + roundTrip) / 4;
  }

  /** The same for an answer that the relay took its time over: good for the clock until pings are, not for the latency. */
  guess(sentUs: number, receivedUs: number, relayUs: number): void {
    const roundTripUs = receivedUs - sentUs;
    if (roundTripUs < 0) return;
    this.ring[this.samples++ % kept] = { roundTripUs, offsetUs: relayUs - (sentUs + roundTripUs / 2) };
    const best = this.ring.slice(0, this.samples).reduce((a, b) => (b.roundTripUs < a.roundTripUs ? b : a));
    // The first sample is taken up at once: nobody has seen the clock run yet.
    if (this.samples === 1) this.offset.jump(best.offsetUs, receivedUs);
    else this.offset.aim(best.offsetUs, receivedUs);
  }

  /** A frame arrived whose state is of `tickUs` of the relay's clock. intervalUs: between frames. */
  frame(nowUs: number, tickUs: number, intervalUs: number): void {
    if (!this.known) return;
    const late = Math.max(0, this.relayUs(nowUs) - tickUs);
    const first = this.latenessUs === 0;
    this.latenessUs = Math.min(Math.max(late, this.latenessUs * latenessDecay), latenessMaxUs);
    const wanted = this.latenessUs + intervalUs;
    if (first) this.delay.jump(wanted, nowUs);
    else this.delay.aim(wanted, nowUs);
  }

  /** Another relay, or the same after a restart: its clock has another zero. */
  restart(): void {
    this.samples = 0;
    this.ring.length = 0;
    this.latenessUs = 0;
  }

  /** Never goes back, never jumps once known. */
  relayUs(nowUs: number): number {
    return nowUs + this.offset.at(nowUs);
  }

  /** The same, less the delay. */
  renderUs(nowUs: number): number {
    return this.relayUs(nowUs) - this.delay.at(nowUs);
  }
}
