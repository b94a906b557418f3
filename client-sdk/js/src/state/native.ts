// Values in native width, little endian: what codec plain and actions carry.
import { FieldValue } from "./field.js";
import { FieldType } from "../wire/index.js";

export function readNative(type: FieldType, view: DataView, at: number): FieldValue {
  switch (type) {
    case FieldType.Bool: return view.getUint8(at) !== 0;
    case FieldType.Int8: return view.getInt8(at);
    case FieldType.UInt8: return view.getUint8(at);
    case FieldType.Int16: return view.getInt16(at, true);
    case FieldType.UInt16: return view.getUint16(at, true);
    case FieldType.Int32: return view.getInt32(at, true);
    case FieldType.UInt32: return view.getUint32(at, true);
    case FieldType.Int64: return view.getBigInt64(at, true);
    case FieldType.UInt64: return view.getBigUint64(at, true);
    case FieldType.Float32: return view.getFloat32(at, true);
    case FieldType.Float64: return view.getFloat64(at, true);
  }
}

/** REQUIRES: the value is of the field's type, as quantise gives it. */
export function writeNative(type: FieldType, view: DataView, at: number, value: FieldValue): void {
  switch (type) {
    case FieldType.Bool:
    case FieldType.Int8:
    case FieldType.UInt8: return view.setUint8(at, Number(value));
    case FieldType.Int16:
    case FieldType.UInt16: return view.setUint16(at, Number(value), true);
    case FieldType.Int32:
    case FieldType.UInt32: return view.setUint32(at, Number(value), true);
    case FieldType.Int64:
    case FieldType.UInt64: return view.setBigInt64(at, BigInt(value), true);
    case FieldType.Float32: return view.setFloat32(at, Number(value), true);
    case FieldType.Float64: return view.setFloat64(at, Number(value), true);
  }
}
