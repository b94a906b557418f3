// The numbers of protocol.fbs by their names, for who uses the codec by itself; the SDK has them inlined.
export const FieldType = { Bool: 0, Int8: 1, UInt8: 2, Int16: 3, UInt16: 4, Int32: 5, UInt32: 6, Int64: 7, UInt64: 8, Float32: 9, Float64: 10 } as const;
export type FieldType = (typeof FieldType)[keyof typeof FieldType];
export const FieldFlags = { Quantised: 1, Ranged: 2, Angle: 4, Quat: 8, Position: 16 } as const;
