// Histograms and small lines, drawn with elements that take the page's colours.

import { bound, element, say } from "./dom.js";

// Like the relay's: the bound of the bucket in which the share lies; null where nothing was observed.
export function quantile({ bounds_s, counts }, share) {
  const wanted = share * counts.reduce((sum, count) => sum + count, 0);
  if (wanted <= 0) return null;
  let seen = 0;
  for (let i = 0; i < bounds_s.length; ++i) {
    seen += counts[i];
    if (seen >= wanted) return bounds_s[i];
  }
  return Infinity;
}

// What came between two readings of one histogram.
export const between = (before, now) => ({ bounds_s: now.bounds_s, counts: now.counts.map((count, i) => count - before.counts[i]) });

export function atMost(time, histogram) {
  if (time === null) return "–";
  return time === Infinity ? `> ${bound(histogram.bounds_s.at(-1))}` : `≤ ${bound(time)}`;
}

// One bar a bucket, from the first to the last that holds something; the words are for those who do not see bars.
export function drawHistogram(target, histogram, what) {
  const { bounds_s, counts } = histogram;
  if (!target.firstChild) {
    target.className = "histogram";
    target.setAttribute("role", "img");
    for (let i = 0; i < counts.length; ++i) {
      const label = i < bounds_s.length ? bound(bounds_s[i]) : `> ${bound(bounds_s.at(-1))}`;
      target.append(element("div", { class: "bar", title: "" }, element("span", { class: "fill" }), element("span", { class: "tick" }, label)));
    }
    target.after(element("p", { class: "legend" }));
  }
  const total = counts.reduce((sum, count) => sum + count, 0);
  const most = Math.max(1, ...counts);
  [...target.children].forEach((bar, i) => {
    const share = total > 0 ? counts[i] / total : 0;
    bar.firstChild.style.height = `${counts[i] > 0 ? Math.max(2, 100 * Math.sqrt(counts[i] / most)) : 0}%`;
    bar.title = `${bar.lastChild.textContent}: ${counts[i]} (${(share * 100).toFixed(1)} %)`;
  });
  const words = total > 0
    ? `p50 ${atMost(quantile(histogram, 0.5), histogram)}, p99 ${atMost(quantile(histogram, 0.99), histogram)}, of ${total} ticks`
    : "no ticks";
  target.setAttribute("aria-label", `${what}: ${words}`);
  say(target.nextElementSibling, `${words}. Heights by the square root.`);
}

const space = "http://www.w3.org/2000/svg";

// A line of the last values, from 0 up to `most` or what is highest.
export function drawSpark(svg, values, most = 0) {
  if (!svg.firstChild) {
    svg.setAttribute("viewBox", "0 0 100 24");
    svg.setAttribute("preserveAspectRatio", "none");
    svg.append(document.createElementNS(space, "polyline"));
  }
  const top = Math.max(most, ...values) || 1;
  const step = 100 / Math.max(1, values.length - 1);
  svg.firstChild.setAttribute("points", values.map((value, i) => `${(i * step).toFixed(1)},${(23 - (22 * value) / top).toFixed(1)}`).join(" "));
}

export const spark = () => {
  const svg = document.createElementNS(space, "svg");
  svg.setAttribute("class", "spark");
  svg.setAttribute("aria-hidden", "true");
  return svg;
};
