#!/usr/bin/env python3
"""Writes quat.txt: what PROTOCOL.md, "Quaternions", makes of four float32 values. Written from that page alone, so that
the relay and every SDK can be held against a stranger. Standard library only.

    tests/golden/quat.py > tests/golden/quat.txt
"""

import math
import random
import struct


def float32(x):
    return struct.unpack("<f", struct.pack("<f", x))[0]


def bits(x):
    return struct.pack(">f", x).hex()


def length_left(precision, steps, i):
    squares = 0.0
    for j in range(4):
        if j != i:
            v = steps[j] * precision
            squares += v * v
    return math.sqrt(max(0.0, 1 - squares))


def value_at(precision, steps, i):
    return [float32(length_left(precision, steps, i) if j == i else steps[j] * precision) for j in range(4)]


def quantise(precision, four):
    largest = max(range(4), key=lambda j: (abs(four[j]), -j))
    for i in [largest] + [j for j in range(4) if j != largest]:
        if four[i] < 0.25:
            continue
        steps = [0 if j == i else math.floor(four[j] / precision + 0.5) for j in range(4)]
        if max(map(abs, four)) <= 1 and list(map(bits, value_at(precision, steps, i))) == list(map(bits, four)):
            return four
    length = math.sqrt(((four[0] * four[0] + four[1] * four[1]) + four[2] * four[2]) + four[3] * four[3])
    if length == 0:
        return [0.0, 0.0, 0.0, 1.0]
    sign = -1.0 if four[largest] < 0 else 1.0
    steps = [0 if j == largest else math.floor(sign * four[j] / length / precision + 0.5) for j in range(4)]
    return value_at(precision, steps, largest)


EDGES = [
    [0, 0, 0, 0], [0, 0, 0, -0.0], [0, 0, 0, 1], [0, 0, 0, -1], [1, 0, 0, 0], [-1, 0, 0, 0], [0, -1, 0, 0], [0.5, 0.5, 0.5, 0.5],
    [-0.5, 0.5, -0.5, 0.5], [1, 1, 0, 0], [-1, -1, 0, 0], [0, 0, 1e-45, 0], [0, -1e-45, 1e-45, 0], [1e-40, 2e-40, -3e-40, 1e-42],
    [3e38, 3e38, 3e38, -3e38], [3.4e38, 1, 0, 0], [1e-20, 1e20, 0, 0], [0.7071068, 0.7071068, 0, 0], [0.7071067, 0.7071068, 0, 0],
    [0.5, 0.5, 0.5, 0.50000006], [0.0005, 0, 0, 1], [-0.0005, 0, 0, 1], [0.00049999, 0, 0, 1], [0.25, 0.25, 0.25, 0.9], [7, 0, 0, 0],
    [0, 0, 0.6, 0.8], [0, 0, -0.6, -0.8], [-0.0, -0.0, -0.0, 1], [1e-3, 1e-3, 1e-3, 1],
]


def main():
    print("# precision as hex of a float64's bits  x y z w  the same quantised, as hex of float32 bits")
    numbers = random.Random(14)
    for precision in (0.001, 1e-6, 0.1, 2**0.5 / 511, 0.25 / 128, 0.00035):
        fours = list(EDGES)
        for _ in range(30):
            fours.append([numbers.gauss(0, 1) for _ in range(4)])
            near = numbers.choice([0.5, 0.5**0.5])  # within a step or so of a tie
            fours.append([near + precision * numbers.uniform(-2, 2) if k < (4 if near == 0.5 else 2) else precision * numbers.uniform(-2, 2)
                          for k in range(4)])
        for four in fours:
            given = [float32(x) for x in four]
            once = quantise(precision, given)
            assert quantise(precision, once) == once
            for value in (given, once):
                print(struct.pack(">d", precision).hex(), *map(bits, value), *map(bits, quantise(precision, value)))


if __name__ == "__main__":
    main()
