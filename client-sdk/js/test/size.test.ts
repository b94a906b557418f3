// What a page has to load.
import assert from "node:assert/strict";
import { join } from "node:path";
import { test } from "node:test";
import { gzipSync } from "node:zlib";
import { build } from "esbuild";

const most = 30_000;

test("bundled and minified the SDK is under 30,000 bytes gzipped", async () => {
  const entry = join(process.env.TICKRELAY_JS ?? "build/release/js", "source/dist/index.js");
  const { outputFiles } = await build({ entryPoints: [entry], bundle: true, minify: true, format: "esm", platform: "browser", write: false });
  const [{ contents }] = outputFiles;
  const gzipped = gzipSync(contents, { level: 9 }).length;
  console.log(`# ${contents.length} bytes minified, ${gzipped} gzipped`);
  assert.ok(gzipped < most, `${gzipped} bytes`);
  assert.ok(contents.length > 20_000, "it is all there");
});
