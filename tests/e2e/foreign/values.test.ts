import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { FieldType } from "./wire";
import { quantise } from "./values";

const bits = (hex: string) => new DataView(new Uint8Array(Buffer.from(hex, "hex")).buffer);

test("quantised values agree with the golden ones", () => {
  const lines = readFileSync(process.env.GOLDEN_QUANTISE!, "utf8").trim().split("\n").slice(1);
  assert(lines.length > 400);
  for (const line of lines) {
    const [flags, ...hex] = line.split(" ");
    const [precision, min, max] = hex.slice(0, 3).map((number) => bits(number).getFloat64(0));
    const [value, expected] = hex.slice(3).map((number) => bits(number).getFloat32(0));
    const field = { name: "x", type: FieldType.Float32, flags: Number(flags), precision, min, max };
    assert(Object.is(quantise(field, value), expected), line);
  }
});
