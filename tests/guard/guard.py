#!/usr/bin/env python3
"""Holds the hot path to what it cost: instructions (callgrind) and the codec's bytes, which do not vary with the machine's mood.

    guard.py PROGRAM COMPILER            compares with counts.json: 0 as it was, 1 dearer, 77 nothing to compare with
    guard.py PROGRAM COMPILER --accept   writes what it is now into counts.json

PROGRAM: tickrelay_guard of a Release build. COMPILER: such as GNU-12; each has counts of its own, bytes are the same for all.
"""
import concurrent.futures
import json
import os
import pathlib
import re
import shutil
import subprocess
import sys

COUNTS = pathlib.Path(__file__).with_name("counts.json")
MARGIN = 0.03  # more instructions than before: libraries' memcpy and malloc differ a little from machine to machine
SAFE_MARGIN = 0.05  # what quotas and a data_dir may add to a delivered frame, in the loop and the worker
SKIPPED = 77


def run(*command):
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        sys.exit(f"FAILED: {' '.join(command)}\n{done.stderr}")
    return done


def instructions(program, name, units):
    done = run("valgrind", "--tool=callgrind", "--toggle-collect=tickrelay_guarded", "--callgrind-out-file=/dev/null", program, name)
    collected = re.search(r"Collected : (\d+)", done.stderr)
    return round(int(collected.group(1)) / units, 1)


def measure_instructions(program):
    parts = dict(line.split() for line in run(program, "list").stdout.splitlines())
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        tasks = {name: pool.submit(instructions, program, name, int(units)) for name, units in parts.items()}
        return {name: task.result() for name, task in tasks.items()}


def measure_bytes(program):
    lines = (line.split() for line in run(program, "bytes").stdout.splitlines())
    return {name: float(number) for name, number in lines}


def compare(what, was, now, margin):
    """The number of those that are worse; prints each that differs."""
    worse = 0
    for name in sorted(was.keys() | now.keys()):
        before, after = was.get(name), now.get(name)
        if before is None or after is None:
            print(f"FAILED: {what} {name}: {'new' if before is None else 'gone'}: accept it")
            worse += 1
        elif after > before * (1 + margin):
            print(f"FAILED: {what} {name}: {before} were enough, now {after} ({after / before - 1:+.1%})")
            worse += 1
        elif after < before * (1 - margin):
            print(f"better: {what} {name}: {before}, now {after} ({after / before - 1:+.1%}): accept it, so that it stays")
        else:
            print(f"as it was: {what} {name}: {after}")
    return worse


def compare_safe(costs):
    """Of the same load in the same run: no other compiler or machine has a say."""
    ratio = costs["ten_rooms_safe"] / costs["ten_rooms_open"]
    dear = ratio > 1 + SAFE_MARGIN
    print(f"{'FAILED: ' if dear else ''}a frame of a relay with quotas and data_dir against one without: {ratio:.3f} times the instructions")
    return int(dear)


def main(program, compiler, *options):
    counts = json.loads(COUNTS.read_text()) if COUNTS.exists() else {"bytes": {}, "instructions": {}}
    has_valgrind = shutil.which("valgrind") is not None
    sizes = measure_bytes(program)
    costs = measure_instructions(program) if has_valgrind else {}
    if options == ("--accept",):
        counts["bytes"] = sizes
        if costs:
            counts["instructions"][compiler] = costs
        COUNTS.write_text(json.dumps(counts, indent=1, sort_keys=True) + "\n")
        return 0
    worse = compare("bytes a tick", counts["bytes"], sizes, 0)
    if costs:
        worse += compare_safe(costs)
    known = counts["instructions"].get(compiler)
    if costs and known:
        worse += compare("instructions", known, costs, MARGIN)
    if worse:
        print(f"where that is meant: {sys.argv[0]} {program} {compiler} --accept")
        return 1
    if not (costs and known):
        print(f"instructions not compared: {'no counts of ' + compiler if has_valgrind else 'no valgrind'}; bytes are as they were")
        return SKIPPED
    return 0


if __name__ == "__main__":
    if len(sys.argv) < 3 or sys.argv[3:] not in ([], ["--accept"]):
        sys.exit(__doc__)
    sys.exit(main(*sys.argv[1:]))
