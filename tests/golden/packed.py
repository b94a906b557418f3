#!/usr/bin/env python3
"""Reads packed.json by PROTOCOL.md, "Codec packed", alone: what that page says is what the relay sends. Standard library only.

    tests/golden/packed.py tests/golden/packed.json
"""

import base64
import json
import math
import struct
import sys

import quat
from packed_bits import Bit, Coder, History, LaneModel, Turn, bits, read_quat, read_value, size_of

BOOL, I64, U64, F32, F64 = 0, 7, 8, 9, 10
QUANTISED, RANGED, ANGLE, QUAT = 1, 2, 4, 8
FORMAT = "?bBhHiIqQfd"


class Room:
    def __init__(self):
        self.exact, self.sign, self.length, self.top = bits(192), bits(108), bits(3072), bits(16)
        self.changed, self.flag = bits(512), bits(256)
        self.exact_w, self.sign_w, self.changed_w, self.flag_w = ([4300, 4300] for _ in range(4))
        self.length_w = [[4300, 4300] for _ in range(3)]
        self.any_removed, self.any_spawned = Bit(), Bit()
        self.removed, self.removed_gap, self.spawned, self.block, self.spawn_gap, self.spawn_id = (bits(32) for _ in range(6))
        self.kept = [0] * 8


class Component:
    def __init__(self, first):
        lanes = first[-1]
        self.any_changed, self.any_added, self.gap, self.present = Bit(), Bit(), bits(32), bits(2)
        self.woken, self.wake_gap, self.added, self.added_gap, self.length = (bits(32) for _ in range(5))
        self.same, self.byte, self.opaque = bits(2), bits(256), b""
        self.flags, self.lanes = [bits(64) for _ in first[1:]], [LaneModel() for _ in range(lanes)]  # flags: by part
        self.fresh_flags, self.fresh_lanes = [bits(64) for _ in first[1:]], [LaneModel() for _ in range(lanes)]
        self.fresh_histories, self.fresh_last = [History() for _ in range(lanes)], [0] * lanes


class Rows:
    def __init__(self):
        self.ids, self.value, self.active = [], {}, []  # value: lanes or bytes; active: [id, turns, histories]

    def remove(self, entity):
        for rows, place in ((self.ids, lambda row: row), (self.active, lambda row: row[0])):
            at = next((i for i, row in enumerate(rows) if place(row) == entity), None)
            if at is not None:
                rows[at] = rows[-1]
                rows.pop()
        self.value.pop(entity, None)


class Part:
    """A field, or a quaternion's four."""

    def __init__(self, field):
        self.field, self.turn, self.lanes = field, 0, 1
        self.quat = bool(field["flags"] & QUAT)
        self.boolean = field["type"] == BOOL
        if self.quat:
            self.lanes = 5
        elif field["type"] in (I64, U64, F64) and not field["flags"] & QUANTISED:
            self.lanes = 2
        if field["flags"] & ANGLE and field["flags"] & QUANTISED:
            n = math.floor((field["max"] - field["min"]) / field["precision"] + 0.5)
            n += struct.unpack("<f", struct.pack("<f", field["min"] + n * field["precision"]))[0] < field["max"]
            self.turn = n if n <= 2**30 else 0

    def read(self, coder, room, models, histories, turn, values, at):
        if self.quat:
            read_quat(coder, room, self.field["precision"], models[at:at + 5], histories[at:at + 5], turn, values, at)
            return
        for lane in range(at, at + self.lanes):
            values[lane] = read_value(coder, room, models[lane], histories[lane], turn, values[lane])
            if self.turn:
                values[lane] %= self.turn

    def native(self, lanes):
        if not self.quat:
            return native(self.field, lanes)
        return struct.pack("<4f", *quat.value_at(self.field["precision"], lanes[1:], lanes[0]))


def parts_of(fields):
    parts = []
    while fields:
        parts.append(Part(fields[0]))
        fields = fields[4 if parts[-1].quat else 1:]
    return parts


class Copy:
    """One player's, kept by frames."""

    def __init__(self, layout):
        self.parts = [parts_of(component["fields"]) for component in layout]
        self.first = []
        for parts in self.parts:
            first = [0]
            for part in parts:
                first.append(first[-1] + part.lanes)
            self.first.append(first)
        self.rows = [Rows() for _ in layout]
        self.forget()

    def forget(self):
        self.room, self.models = Room(), [Component(first) for first in self.first]

    def settle(self):
        self.forget()
        for rows in self.rows:
            rows.ids.sort()
            rows.active = []

    def remove(self, entity):
        for rows in self.rows:
            rows.remove(entity)

    def row_parts(self, coder, room, c, flags, models, histories, values, own):
        turn, b1, b2, n, first, told = Turn(), 1, 1, 0, self.first[c], []
        for f in range(len(flags)):
            history = histories[first[f]]
            h, z, flag = history.changed & 7, min(size_of(history.d), 7), 1
            if f + 1 < len(flags) or n > 0:
                flag = coder.mixed(room.flag_w, room.flag[(8 * h + z) * 4 + 2 * b1 + b2], flags[f][8 * z + 2 * min(n, 3) + (h & 1)])
            history.changed = (history.changed << 1 | flag) & 255
            b1, b2 = flag, b1
            if flag:
                n += 1
                told.append(f)
                if own and self.parts[c][f].boolean:
                    values[first[f]] = 0 if values[first[f]] else 1
                else:
                    self.parts[c][f].read(coder, room, models, histories, turn, values, first[f])
        return told

    def opaque(self, coder, model):
        value, matched = bytearray(), 1
        for i in range(coder.number(model.length)):
            if i < len(model.opaque):
                matched = coder.bit(model.same[matched])
                if matched:
                    value.append(model.opaque[i])
                    continue
            node = 1
            for _ in range(8):
                node = 2 * node + coder.bit(model.byte[node])
            value.append(node & 255)
        model.opaque = bytes(value)
        return model.opaque

    def fresh(self, coder, room, model, c, entity, every):
        rows, first = self.rows[c], self.first[c]
        if entity not in rows.value:
            rows.ids.append(entity)
            rows.value[entity] = [0] * first[-1]
        if not self.parts[c]:
            rows.value[entity] = self.opaque(coder, model)
            return
        last, told = model.fresh_last, range(len(self.parts[c]))
        if every:
            turn = Turn()
            for part, at in zip(self.parts[c], first):
                part.read(coder, room, model.fresh_lanes, model.fresh_histories, turn, last, at)
        else:
            told = self.row_parts(coder, room, c, model.fresh_flags, model.fresh_lanes, model.fresh_histories, last, False)
        for f in told:
            rows.value[entity][first[f]:first[f + 1]] = last[first[f]:first[f + 1]]

    def stream(self, coder):
        room = self.room
        if coder.bit(room.any_removed):
            for row in reversed(list(coder.rising(coder.number(room.removed) + 1, room.removed_gap))):
                self.remove(self.rows[0].ids[row])
        spawned = []
        if coder.bit(room.any_spawned):
            spawned = [self.spawned_id(coder) for _ in range(coder.number(room.spawned) + 1)]
        for c, model in enumerate(self.models):
            self.existing(coder, c, model)
            present = 1
            for entity in spawned:
                present = coder.bit(model.present[present]) if c else 1
                if present:
                    self.fresh(coder, room, model, c, entity, True)
            if c and coder.bit(model.any_added):
                for row in coder.rising(coder.number(model.added) + 1, model.added_gap):
                    self.fresh(coder, room, model, c, self.rows[0].ids[row], True)

    def spawned_id(self, coder):
        room = self.room
        i = coder.number(room.block)
        entity = (room.kept[i] + 1 + coder.number(room.spawn_gap)) % 2**32 if i < 8 else coder.number(room.spawn_id)
        del room.kept[min(i, 7)]
        room.kept.insert(0, entity)
        return entity

    def existing(self, coder, c, model):
        rows, room = self.rows[c], self.room
        if not coder.bit(model.any_changed):
            return
        b = 0
        for row in list(rows.active):
            z = min((row[1] & -row[1]).bit_length() - 1, 15) if row[1] else 15
            b = coder.mixed(room.changed_w, room.changed[2 * (row[1] & 255) + b], model.gap[2 * z + b])
            row[1] = (row[1] << 1 | b) % 2**32
            if b:
                self.changed_row(coder, c, model, row)
        for at in coder.rising(coder.number(model.woken), model.wake_gap):
            row = [rows.ids[at], 1, [History() for _ in range(self.first[c][-1])]]
            rows.active.append(row)
            self.changed_row(coder, c, model, row)
        at = 0
        while at < len(rows.active):
            if rows.active[at][1] & 0xFFFF:
                at += 1
            else:
                rows.active[at] = rows.active[-1]
                rows.active.pop()

    def changed_row(self, coder, c, model, row):
        rows = self.rows[c]
        if self.parts[c]:
            self.row_parts(coder, self.room, c, model.flags, model.lanes, row[2], rows.value[row[0]], True)
        else:
            rows.value[row[0]] = self.opaque(coder, model)

    def absolute(self, coder, whole):
        room, models = Room(), [Component(first) for first in self.first]
        if whole:
            self.rows = [Rows() for _ in self.parts]
        else:
            alive = coder.bit(room.any_removed)
            ids = list(coder.rising(coder.number(room.removed), room.removed_gap))
            for entity in set(self.rows[0].ids) - set(ids) if alive else ids:
                self.remove(entity)
        ids = list(coder.rising(coder.number(room.spawned), room.spawn_gap))
        for c, model in enumerate(models):
            present = 1
            for entity in ids if coder.bit(model.any_changed) else ():
                present = coder.bit(model.present[present])
                if present:
                    self.fresh(coder, room, model, c, entity, whole)

    def apply(self, frame):
        if "packed" in frame:
            coder = Coder(base64.b64decode(frame["packed"]))
            if frame["kind"] == "stream":
                self.stream(coder)
            else:
                self.absolute(coder, frame["kind"] == "whole")
        if frame.get("key"):
            self.settle()

    def bytes_of(self, c, value):
        return value if not self.parts[c] else b"".join(
            part.native(value[self.first[c][p]:self.first[c][p + 1]]) for p, part in enumerate(self.parts[c]))

    def digest(self):
        told = b""
        for c, rows in enumerate(self.rows):
            for entity in sorted(rows.value):
                value = self.bytes_of(c, rows.value[entity])
                told += struct.pack("<HI", c, entity) + (b"" if self.parts[c] else struct.pack("<I", len(value))) + value
        return fnv(told)

    def hash(self):
        total = 0
        for c, rows in enumerate(self.rows):
            for entity, value in rows.value.items():
                for lane, x in enumerate(value if self.parts[c] else [fnv(value)]):
                    total += mix(entity, c << 16 | lane, x % 2**32)
        return total % 2**32 or 1


def fnv(told):
    x = 0x811C9DC5
    for byte in told:
        x = (x ^ byte) * 0x01000193 % 2**32
    return x


def mix(i, l, v):
    x = (i * 0x9E3779B1 ^ l * 0x85EBCA77) % 2**32
    x = ((x ^ x >> 15) * 0x2C1B3C6D ^ v * 0xC2B2AE3D) % 2**32
    x = (x ^ x >> 13) * 0x297A2D39 % 2**32
    return x ^ x >> 16


def ordered(x):
    return (x if x >= 0 else x ^ 0x7FFFFFFF) % 2**32


def native(field, lanes):
    kind, x = field["type"], lanes[0]
    if field["flags"] & QUANTISED:
        low, high = field["min"], field["max"]
        value = low + (x % 2**32 if field["flags"] & RANGED else x) * field["precision"]
        told = struct.pack("<" + FORMAT[kind], value)
        at_end = field["flags"] & ANGLE and struct.unpack("<" + FORMAT[kind], told)[0] >= high
        return struct.pack("<" + FORMAT[kind], low) if at_end else told
    width = struct.calcsize("<" + FORMAT[kind])
    upper = ordered(x) if kind in (F32, F64) else x % 2**32
    return (struct.pack("<I", lanes[1] % 2**32) if width == 8 else b"") + struct.pack("<I", upper)[:min(width, 4)]


def main():
    frames = 0
    with open(sys.argv[1], encoding="utf-8") as file:
        scenes = json.load(file)
    for scene in scenes:
        copies = [Copy(scene["layout"]) for _ in range(3)]
        for frame in scene["frames"]:
            for to in frame["to"]:
                copies[to].apply(frame)
                frames += 1
                if copies[to].digest() != frame["digest"] or copies[to].hash() != frame.get("hash", copies[to].hash()):
                    sys.exit(f"{scene['name']}: copy {to} is wrong after tick {frame['tick']}")
    print(f"{frames} frames were read as the page says")


if __name__ == "__main__":
    main()
