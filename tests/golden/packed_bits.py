"""The bits and values of codec packed: see packed.py."""

import math

import quat

KNOTS = """32 32 36 47 60 77 98 126 162 208 267 342 439 562 720 922 1179 1506 1921 2446 3108 3938 4971 6249 7812 9702 11955 14595
17625 21025 24743 28693 32768 36843 40793 44511 47911 50941 53581 55834 57724 59287 60565 61598 62428 63090 63615 64030 64357 64614
64816 64974 65097 65194 65269 65328 65374 65410 65438 65459 65476 65489 65500 65504 65504"""
KNOT = list(map(int, KNOTS.split()))
SQUASH = {i - 2048: KNOT[i // 64] + (KNOT[i // 64 + 1] - KNOT[i // 64]) * (i % 64) // 64 for i in range(4096)}
STRETCH = [next((x for x in range(-2047, 2048) if SQUASH[x] >= 16 * i + 8), 2047) for i in range(4096)]
RATE = [32767] + [65536 // (n + 2) for n in range(1, 61)]


def clamp(x, low, high):
    return max(low, min(x, high))


def wrap(x):
    return (x + 2**31) % 2**32 - 2**31


def quotient(a, b):
    return abs(a) // abs(b) * (1 if (a < 0) == (b < 0) else -1)


def size_of(x):
    return abs(x).bit_length()


class Bit:
    def __init__(self):
        self.p, self.n = 16384, 0

    def learn(self, bit):
        self.p += ((32767 if bit else 0) - self.p) * RATE[self.n] >> 16
        self.n = min(self.n + 1, 60)


def bits(count):
    return [Bit() for _ in range(count)]


class Coder:
    def __init__(self, data):
        self.data, self.at, self.range, self.code = data, 0, 2**32 - 1, 0
        for _ in range(4):
            self.code = self.code << 8 | self.next()

    def next(self):
        self.at += 1
        return self.data[self.at - 1] if self.at <= len(self.data) else 0

    def fill(self):
        while self.range < 2**24:
            self.range, self.code = self.range << 8, self.code << 8 | self.next()

    def coded(self, p):
        bound = (self.range >> 16) * p
        bit = self.code < bound
        if bit:
            self.range = bound
        else:
            self.code, self.range = self.code - bound, self.range - bound
        self.fill()
        return int(bit)

    def raw(self, n):
        value = 0
        while n > 0:
            c = 8 if n > 8 else n
            self.range >>= c
            piece = min(self.code // self.range, 2**c - 1)
            self.code -= piece * self.range
            self.fill()
            value, n = value << c | piece, n - c
        return value

    def bit(self, model):
        bit = self.coded(clamp(2 * model.p, 32, 65504))
        model.learn(bit)
        return bit

    def mixed(self, weights, a, b):
        x, y = STRETCH[a.p >> 3], STRETCH[b.p >> 3]
        q = SQUASH[clamp((weights[0] * x + weights[1] * y) >> 13, -2047, 2047)]
        bit = self.coded(q)
        e = (32767 if bit else 0) - (q >> 1)
        weights[0] = clamp(weights[0] + ((x * e + 32768) >> 16), -32768, 32767)
        weights[1] = clamp(weights[1] + ((y * e + 32768) >> 16), -32768, 32767)
        a.learn(bit)
        b.learn(bit)
        return bit

    def number(self, model):
        length = 0
        while length < 32 and self.bit(model[length]):
            length += 1
        return length if length < 2 else 2**(length - 1) + self.raw(length - 1)

    def rising(self, count, gap):
        following = 0
        for _ in range(count):
            following += self.number(gap) + 1
            yield following - 1


class History:
    def __init__(self):
        self.d = self.e = self.size = self.changed = 0
        self.sign, self.cost = 1, [0] * 4


class LaneModel:
    def __init__(self):
        self.cost, self.exact, self.sign, self.length = [0] * 4, bits(16), bits(9), bits(240)


class Turn:
    def __init__(self):
        self.s, self.moved, self.before = 3, 0, 0


def read_length(coder, room, model, level, spread, s):
    def reach(k, way):
        shared = room.length[((8 * way + min(level, 7)) * 8 + s) * 16 + clamp(k - level + 8, 0, 15)]
        return coder.mixed(room.length_w[way], shared, model.length[20 * spread + min(k, 19)])
    k = max(level, 1)
    if reach(k, 0):
        while k < 31 and reach(k + 1, 1):
            k += 1
        return k
    k -= 1
    while k > 0 and not reach(k, 2):
        k -= 1
    return k


def read_miss(coder, room, model, history, turn, best, other):
    level = (history.size >> 2).bit_length()
    apart = wrap(other - best)
    spread = min(size_of(apart), 11)
    if coder.mixed(room.exact_w, room.exact[12 * min(level, 15) + spread], model.exact[min(level, 15)]):
        return 0
    c = 3 * history.sign + (1 if other == best else 2 if apart > 0 else 0)
    below = coder.mixed(room.sign_w, room.sign[12 * c + spread], model.sign[c])
    k = read_length(coder, room, model, level, spread, turn.s)
    r = k
    if k > 1:
        r = 2 + coder.bit(room.top[clamp(k - level + 8, 0, 15)])
        r = r << (k - 2) | coder.raw(k - 2)
    return -(r + 1) if below else r + 1


def read_value(coder, room, model, history, turn, last):
    d, e = history.d, history.e
    stretched = d if turn.before == 0 or abs(d) > 2**20 else quotient(d * turn.moved, turn.before)
    p = [wrap(x) for x in (last + d, last, last + 2 * d - e, last + stretched)]
    cost = [a + b for a, b in zip(model.cost, history.cost)]
    best = p[cost.index(min(cost))]
    others = [(cost[i], i) for i in range(4) if p[i] != best]
    miss = read_miss(coder, room, model, history, turn, best, p[min(others)[1]] if others else best)
    value = wrap(best + miss)
    for i in range(4):
        m = 256 * size_of(wrap(value - p[i]))
        model.cost[i] += (m - model.cost[i]) >> 3
        history.cost[i] += (m - history.cost[i]) >> 2
    g = clamp(size_of(miss) - (history.size >> 2).bit_length(), -3, 4)
    turn.s = clamp(3 + quotient(turn.s - 3 + 2 * g, 2 if turn.s == 3 else 3), 0, 7)
    delta = wrap(value - last)
    if turn.before == 0 and 16 <= abs(d) <= 2**20 and abs(delta) <= 8 * abs(d):
        turn.moved, turn.before = delta, d
    history.size += min(abs(miss), 2**24) - (history.size >> 2)
    history.sign = 1 if miss == 0 else 0 if miss < 0 else 2
    history.e, history.d = d, delta
    return value


def read_largest(coder, model, histories, lanes):
    before = lanes[0]
    going = [abs(wrap(lanes[1 + k] + histories[1 + k].d)) for k in range(4)]
    others = [k for k in range(4) if k != before]
    second = max(others, key=lambda k: (going[k], -k))
    ahead = size_of(max(0, going[before] - going[second]))
    if coder.bit(model.exact[min(ahead, 15)]):
        return before
    if coder.bit(model.sign[0]):
        return second
    others.remove(second)
    return others[coder.bit(model.sign[1])]


def bend(x, moved, squares):
    return 0 if moved >= squares else -math.floor(float(x) * moved / squares + 0.5)


def read_quat(coder, room, precision, models, histories, turn, values, at):
    lanes = values[at:at + 5]
    largest = read_largest(coder, models[0], histories, lanes)
    free = largest + 1
    if lanes[free] < 0:
        for k in range(1, 5):
            lanes[k], h = wrap(-lanes[k]), histories[k]
            h.d, h.e, h.sign = wrap(-h.d), wrap(-h.e), 2 - h.sign
    squares = moved = 0.0
    for k in range(1, 5):
        squares += float(lanes[k]) * float(lanes[k])
        moved += float(histories[k].d) * float(histories[k].d)
    for k in range(1, 5):
        by = bend(lanes[k], moved, squares)
        histories[k].d, histories[k].e = wrap(histories[k].d + by), wrap(histories[k].e + by)
    for k in range(1, 5):
        if k != free:
            lanes[k] = read_value(coder, room, models[k], histories[k], turn, lanes[k])
    follows = math.floor(quat.length_left(precision, lanes[1:], largest) / precision + 0.5)
    h = histories[free]
    h.e, h.d = h.d, wrap(follows - lanes[free])
    lanes[0], lanes[free] = largest, follows
    histories[0].d = min(max(abs(histories[k].d) for k in range(1, 5)), 2**31 - 1)
    values[at:at + 5] = lanes
