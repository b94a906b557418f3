// Codec packed: the bytes of StateFrame.packed.
export { FieldFlags, FieldType } from "./names.js";
export { widthOf } from "../state/field.js";
export type { Field, FieldValue } from "../state/field.js";
export { quantise, valueAt } from "../state/quantise.js";
export { quantiseQuat } from "../state/quat.js";
export type { Quat } from "../state/quat.js";
export { PackedDecoder } from "./decoder.js";
export type { PackedFrame } from "./decoder.js";
export { Lanes } from "./lanes.js";
export type { Part } from "./lanes.js";
export { PackedError, readLimits } from "./reader.js";
export type { Changed, ReadLimits } from "./reader.js";
