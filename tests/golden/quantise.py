#!/usr/bin/env python3
"""Writes quantise.txt: what PROTOCOL.md, "Quantisation", makes of float32 values. Written from that page alone, so that
the relay and every SDK can be held against a stranger. Standard library only.

    tests/golden/quantise.py > tests/golden/quantise.txt
"""

import math
import random
import struct

QUANTISED, RANGED, ANGLE = 1, 2, 4


def float32(x):
    return struct.unpack("<f", struct.pack("<f", x))[0]


def quantise(flags, precision, low, high, x):
    if flags & ANGLE:
        turn = high - low
        if not low <= x < high:
            x -= turn * math.floor((x - low) / turn)
        if not low <= x < high:
            x = low
    elif flags & RANGED:
        x = min(max(x, low), high)
    if flags & QUANTISED:
        q = math.floor((x - low) / precision + 0.5)
        if not flags & RANGED:
            q = min(max(q, -(2**31 - 1)), 2**31 - 1)
        x = low + q * precision
    x = float32(x)
    return float32(low) if flags & ANGLE and x >= high else x


PI = float32(math.pi)
FIELDS = [
    (QUANTISED, 0.5, 0, 0), (QUANTISED, 0.001, 0, 0), (QUANTISED, 1e-7, 0, 0), (RANGED, 0, -1, 2), (RANGED, 0, 0.1, 0.7),
    (QUANTISED | RANGED, 0.001, -1000, 1000), (QUANTISED | RANGED, 0.3, 0.1, 7), (QUANTISED | RANGED, 1e-6, 0, 2000),
    (RANGED | ANGLE, 0, -PI, PI), (QUANTISED | RANGED | ANGLE, 0.001, -PI, PI), (QUANTISED | RANGED | ANGLE, 0.1, 0, 360),
    (QUANTISED | RANGED | ANGLE, 360 / 7, 0, 360), (QUANTISED | RANGED | ANGLE, 0.01, float32(0.1), float32(6.3)),
]
EDGES = [0.0, 0.0005, -0.0005, 0.25, 0.75, -0.25, 1.0, 359.95, 360.0, -360.0, PI, -PI, 999.9995, 1e9, -1e9, 3.4e38, -3.4e38]


def main():
    print("# flags (1 quantised, 2 ranged, 4 angle)  precision  min  max  value  result: float64 and float32 as hex of their bits")
    numbers = random.Random(13)
    for flags, precision, low, high in FIELDS:
        values = EDGES + [numbers.uniform(-2000, 2000) for _ in range(8)] + [numbers.uniform(-7, 7) for _ in range(8)]
        for value in map(float32, values):
            doubles = (struct.pack(">d", x).hex() for x in (precision, low, high))
            floats = (struct.pack(">f", x).hex() for x in (value, quantise(flags, precision, low, high, value)))
            print(flags, *doubles, *floats)


if __name__ == "__main__":
    main()
