// Elements and words for numbers. Whatever comes from players enters a page as text: nothing here reads markup.

export const byId = (id) => document.getElementById(id);

// element("td", {class: "number"}, "7", child): attributes by name, functions as listeners, false leaves one out.
export function element(tag, attributes = {}, ...children) {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (typeof value === "function") made.addEventListener(name, value);
    else if (value !== false && value !== undefined) made.setAttribute(name, value === true ? "" : value);
  }
  made.append(...children);
  return made;
}

// Writes only what differs: a reader's selection and focus stay.
export function say(target, text) {
  const words = String(text);
  if (target.textContent !== words) target.textContent = words;
}

// One child of `parent` per item, kept by its key, in order. make(item) gives the child, update(child, item) fills it.
export function keyed(parent, items, key, make, update) {
  const have = new Map([...parent.children].map((child) => [child.dataset.key, child]));
  const focused = parent.contains(document.activeElement) ? document.activeElement : null;
  let place = parent.firstElementChild;
  for (const item of items) {
    const name = String(key(item));
    let child = have.get(name);
    have.delete(name);
    if (!child) {
      child = make(item);
      child.dataset.key = name;
    }
    update(child, item);
    if (child === place) place = place.nextElementSibling;
    else parent.insertBefore(child, place);
  }
  for (const gone of have.values()) gone.remove();
  if (focused && focused !== document.activeElement && parent.contains(focused)) focused.focus({ preventScroll: true });
}

const plain = new Intl.NumberFormat("en", { maximumFractionDigits: 0 });

export const whole = (number) => plain.format(number);

export function short(number) {
  if (number === 0) return "0";
  if (Math.abs(number) >= 100) return plain.format(number);
  return Math.abs(number) >= 10 ? number.toFixed(1) : number.toFixed(2);
}

export function bytes(count) {
  const units = ["B", "kB", "MB", "GB", "TB"];
  let unit = 0;
  for (; count >= 999.5 && unit < units.length - 1; ++unit) count /= 1000;
  return `${unit === 0 ? Math.round(count) : count >= 99.5 ? count.toFixed(0) : count.toFixed(1)} ${units[unit]}`;
}

export function seconds(time) {
  if (time < 1e-3) return `${short(time * 1e6)} µs`;
  return time < 1 ? `${short(time * 1e3)} ms` : `${short(time)} s`;
}

// A bound of a histogram: "10 µs", "0.25 s" would be too wide for an axis.
export function bound(time) {
  const [number, unit] = time < 1e-3 ? [time * 1e6, "µs"] : time < 1 ? [time * 1e3, "ms"] : [time, "s"];
  return `${Number(number.toPrecision(3))} ${unit}`;
}

export function duration(time) {
  const s = Math.floor(time);
  const two = (number) => String(number).padStart(2, "0");
  if (s < 60) return `${s} s`;
  if (s < 3600) return `${Math.floor(s / 60)} min ${two(s % 60)} s`;
  if (s < 86400) return `${Math.floor(s / 3600)} h ${two(Math.floor((s % 3600) / 60))} min`;
  return `${Math.floor(s / 86400)} d ${Math.floor((s % 86400) / 3600)} h`;
}
