// The sliders that make this tab's network worse: the relay plays it, for this player alone.
const $ = (id) => document.getElementById(id);
const rates = [4_000, 8_000, 16_000, 32_000, 128_000, 0]; // bytes a second; 0: no bound
const afterMs = 150; // a slider that is being moved tells no more often

const texts = {
  rate: (value) => (rates[value] === 0 ? "no bound" : `${rates[value] / 1000} kB/s`),
  delay: (value) => `${value} ms`,
  jitter: (value) => `± ${value} ms`,
  loss: (value) => `${value} %`,
};

export class Throttle {
  constructor(room) {
    this.room = room;
    this.timer = 0;
    this.write();
    this.listener = () => {
      this.write();
      clearTimeout(this.timer);
      this.timer = setTimeout(() => this.send(), afterMs);
    };
    $("throttle").addEventListener("input", this.listener);
    $("throttle").addEventListener("submit", (event) => event.preventDefault());
    $("throttle").hidden = false;
    this.send(); // a seat that was taken up again may have been throttled before
  }

  stop() {
    clearTimeout(this.timer);
    $("throttle").removeEventListener("input", this.listener);
  }

  write() {
    for (const [name, text] of Object.entries(texts)) {
      const value = text(Number($(name).value));
      $(`${name}-value`).textContent = value;
      $(name).setAttribute("aria-valuetext", value);
    }
  }

  send() {
    if (this.room.phase === "left") return;
    const value = (name) => Number($(name).value);
    const numbers = new DataView(new ArrayBuffer(16)); // as relay/demo_logic.cpp reads them
    [value("delay"), value("jitter"), value("loss") * 10, rates[value("rate")]].forEach((number, i) => numbers.setUint32(4 * i, number, true));
    this.room.send("simulate", numbers.buffer);
  }
}
