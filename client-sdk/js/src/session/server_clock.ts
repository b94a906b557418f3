// The relay's clock as pings tell it, and the delay at which to render. Times are µs of this machine's monotonic clock and of
// the relay's.
const slewRate = 0.02; // the clock runs at most 2 % fast or slow
const delaySlewRate = 0.1; // render time at most 10 %: still forwards, hardly seen
const latenessMaxUs = 500_000; // a gap (a pause of this program, a slow link) is no jitter
const framesKept = 128;
const framesAsBound = 64; // the newest: clocks drift
const kept = 16;

// The relay's clock less this one's lies between these: an answer is no older than the question, and not of the future.
interface Bounds {
  readonly low: number;
  readonly high: number;
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
  private ring: Bounds[] = []; // of the last round trips
  private readonly offset = new Slewed(slewRate);
  private readonly delay = new Slewed(delaySlewRate);
  private frames: { low: number; late: number }[] = []; // the last
  private smoothedUs = 0;

  /** Round trip, smoothed; 0: unknown. */
  get roundTripUs(): number {
    return this.smoothedUs;
  }

  /** A round trip: sent and received here, the relay's clock in between. */
  sample(sentUs: number, receivedUs: number, relayUs: number): void {
    const roundTrip = receivedUs - sentUs;
    if (roundTrip < 0) return;
    this.guess(sentUs, receivedUs, relayUs);
    this.smoothedUs = this.smoothedUs === 0 ? roundTrip : (this.smoothedUs * 3 + roundTrip) / 4;
  }

  /**
   * The same for an answer that the relay took its time over: good for the clock until pings are, not for the latency. Of the last
   * several the quickest way counts, up and down each by itself.
   */
  guess(sentUs: number, receivedUs: number, relayUs: number): void {
    if (receivedUs < sentUs) return;
    const first = this.ring.length === 0;
    this.ring = [...this.ring.slice(1 - kept), { low: relayUs - receivedUs, high: relayUs - sentUs }];
    const offset = this.bestOffset();
    // The first sample is taken up at once: nobody has seen the clock run yet.
    if (first) this.offset.jump(offset, receivedUs);
    else this.offset.aim(offset, receivedUs);
  }

  // From the newest back: where older bounds contradict newer ones the clocks have drifted apart since. No frame is of the future.
  private bestOffset(): number {
    let { low, high } = this.ring[this.ring.length - 1];
    for (const older of [...this.ring].reverse()) {
      if (older.low > high || older.high < low) break;
      low = Math.max(low, older.low);
      high = Math.min(high, older.high);
    }
    for (const frame of this.frames.slice(-framesAsBound)) if (frame.low <= high) low = Math.max(low, frame.low);
    return (low + high) / 2;
  }

  /** A frame arrived whose state is of `tickUs` of the relay's clock. intervalUs: between frames. */
  frame(nowUs: number, tickUs: number, intervalUs: number): void {
    if (this.ring.length === 0) return;
    const late = Math.min(Math.max(0, this.relayUs(nowUs) - tickUs), latenessMaxUs);
    const first = this.frames.length === 0;
    this.frames.push({ low: tickUs - nowUs, late });
    if (this.frames.length > framesKept) this.frames.shift();
    const wanted = this.usualLateness() + intervalUs;
    if (first) this.delay.jump(wanted, nowUs);
    else this.delay.aim(wanted, nowUs);
  }

  // The 99th percentile: of a full window all but the one latest come in time.
  private usualLateness(): number {
    let latest = 0;
    let second = 0;
    for (const { late } of this.frames) {
      second = Math.max(second, Math.min(late, latest));
      latest = Math.max(latest, late);
    }
    return this.frames.length < framesKept ? latest : second;
  }

  /** Another relay, or the same after a restart: its clock has another zero. */
  restart(): void {
    this.ring = [];
    this.frames = [];
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
