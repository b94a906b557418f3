// Debian's Chromium without a window, pages that are watched, and their pictures.
import assert from "node:assert/strict";
import { accessSync, constants, mkdirSync } from "node:fs";
import { delimiter, join } from "node:path";
import { chromium } from "playwright-core";
import { build } from "./relay.mjs";

/** CHROMIUM, or what the PATH has; undefined: none. */
export function chromiumPath() {
  if (process.env.CHROMIUM) return process.env.CHROMIUM;
  for (const folder of (process.env.PATH ?? "").split(delimiter)) {
    for (const name of ["chromium", "chromium-browser", "google-chrome"]) {
      try {
        accessSync(join(folder, name), constants.X_OK);
        return join(folder, name);
      } catch {
        // the next one
      }
    }
  }
  return undefined;
}

export function launch() {
  // Root has no sandbox. Pages that are not looked at are to be as fast as those that are.
  const args = ["--no-sandbox", "--disable-background-timer-throttling", "--disable-renderer-backgrounding", "--disable-backgrounding-occluded-windows"];
  return chromium.launch({ executablePath: chromiumPath(), args });
}

export const phone = { viewport: { width: 390, height: 844 }, deviceScaleFactor: 2, hasTouch: true, isMobile: true };
export const desktop = { viewport: { width: 1280, height: 800 } };

/**
 * A page in a context of its own, at this address. faults: what went wrong in it so far; strangers: requests to other hosts.
 */
export async function openPage(browser, url, { colorScheme = "light", size = desktop } = {}) {
  const context = await browser.newContext({ ...size, colorScheme });
  const page = await context.newPage();
  page.faults = [];
  page.strangers = [];
  page.on("pageerror", (error) => page.faults.push(String(error)));
  page.on("console", (message) => message.type() === "error" && page.faults.push(message.text()));
  const { host } = new URL(url);
  page.on("request", (request) => new URL(request.url()).host !== host && !request.url().startsWith("data:") && page.strangers.push(request.url()));
  await page.goto(url);
  return page;
}

export function expectClean(page) {
  assert.deepEqual(page.faults, [], "errors in the page");
  assert.deepEqual(page.strangers, [], "requests to others");
}

/** To <build>/browser/NAME.png: its path. */
export async function screenshot(page, name, options = {}) {
  const folder = join(build, "browser");
  mkdirSync(folder, { recursive: true });
  const path = join(folder, `${name}.png`);
  await page.screenshot({ path, ...options });
  return path;
}
