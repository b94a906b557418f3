// What every page owes to people who use a keyboard, a screen reader, or see little: computed in the page itself.
import assert from "node:assert/strict";

/** Every control has a name, every text has contrast of 4.5 to 1 (3 to 1 where it is large), the page a language and a title. */
export async function expectAccessible(page) {
  const faults = await page.evaluate(() => {
    const found = [];
    const describe = (element) => `<${element.localName}${element.id ? ` id=${element.id}` : ""}> ${element.textContent.trim().slice(0, 30)}`;
    const visible = (element) => element.getClientRects().length > 0 && getComputedStyle(element).visibility === "visible";
    if (!document.documentElement.lang) found.push("no lang");
    if (!document.title) found.push("no title");
    if (!document.querySelector("main")) found.push("no main");
    for (const control of document.querySelectorAll("button, input, select, textarea, a[href], canvas, svg[role=img], [role=dialog]")) {
      if (!visible(control)) continue;
      const labels = [...(control.labels ?? [])].map((label) => label.textContent).join("");
      const by = (control.getAttribute("aria-labelledby") ?? "").split(" ").map((id) => document.getElementById(id)?.textContent ?? "").join("");
      const name = control.getAttribute("aria-label") || by || labels || (["input", "select", "textarea"].includes(control.localName) ? "" : control.textContent);
      if (!name.trim()) found.push(`no name: ${describe(control)}`);
    }
    // Any CSS colour as sRGB of 0 to 255 and alpha.
    const pixel = Object.assign(document.createElement("canvas"), { width: 1, height: 1 }).getContext("2d", { willReadFrequently: true });
    const rgba = (colour) => {
      pixel.clearRect(0, 0, 1, 1);
      pixel.fillStyle = colour;
      pixel.fillRect(0, 0, 1, 1);
      const [r, g, b, a] = pixel.getImageData(0, 0, 1, 1).data;
      return [r, g, b, a / 255];
    };
    const over = ([r, g, b, a], below) => [r, g, b].map((value, i) => value * a + below[i] * (1 - a));
    const page = rgba(getComputedStyle(document.documentElement).backgroundColor);
    const base = page[3] > 0 ? page : rgba("Canvas");
    const behind = (element) => {
      const layers = [];
      for (let each = element; each; each = each.parentElement) layers.push(rgba(getComputedStyle(each).backgroundColor));
      return layers.reverse().reduce((below, layer) => over(layer, below), base.slice(0, 3));
    };
    const luminance = (colour) => {
      const [r, g, b] = colour.map((value) => (value / 255 <= 0.04045 ? value / 255 / 12.92 : ((value / 255 + 0.055) / 1.055) ** 2.4));
      return 0.2126 * r + 0.7152 * g + 0.0722 * b;
    };
    for (const element of document.querySelectorAll("body *")) {
      const ownText = [...element.childNodes].some((node) => node.nodeType === Node.TEXT_NODE && node.textContent.trim());
      if (!ownText || !visible(element) || ["script", "style", "option"].includes(element.localName) || element.matches(":disabled")) continue;
      const style = getComputedStyle(element);
      const below = behind(element);
      const [light, dark] = [luminance(over(rgba(style.color), below)), luminance(below)].sort((a, b) => b - a);
      const ratio = (light + 0.05) / (dark + 0.05);
      const large = parseFloat(style.fontSize) >= 24 || (parseFloat(style.fontSize) >= 18.66 && parseInt(style.fontWeight, 10) >= 700);
      if (ratio < (large ? 3 : 4.5)) found.push(`contrast ${ratio.toFixed(2)}: ${describe(element)}`);
    }
    return found;
  });
  assert.deepEqual(faults, []);
}

/** What Tab comes to, in this order: ids, or the elements' names. At most `most`. */
export async function tabOrder(page, most = 60) {
  const order = [];
  for (let i = 0; i < most; ++i) {
    await page.keyboard.press("Tab");
    const at = await page.evaluate(() => (document.activeElement === document.body ? "" : document.activeElement.id || document.activeElement.localName));
    if (at === "" || (order.length > 0 && at === order[0])) break;
    order.push(at);
  }
  return order;
}
