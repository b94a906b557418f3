// Calls `tick` at a fixed rate without drift: setInterval's own period is counted from when it last fired.
export function everyTick(rate, tick) {
  const start = performance.now();
  let number = 0;
  const next = () => {
    tick();
    // A tick that is missed is left out, not made up for.
    number = Math.max(number + 1, Math.floor(((performance.now() - start) * rate) / 1000));
    setTimeout(next, Math.max(0, start + (1000 * number) / rate - performance.now()));
  };
  next();
}
