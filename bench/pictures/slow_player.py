#!/usr/bin/env python3
"""Draws slow-player.svg from two runs of tickrelay-bench:

    tickrelay-bench run --rooms 2 --players 64 --rate 30 --duration 20s --slow-fraction 0.05 --slow-bytes-per-s 20000 --spawn --out relay.json
    tickrelay-bench run … --floor eager --out floor.json
    slow_player.py relay.json floor.json >slow-player.svg
"""
import json, sys

NAMES = ("tickrelay", "plain epoll relay, which queues")


def bar(row, name, figures, widest_s):
    p50, p99 = figures["p50"] / 1000, figures["p99"] / 1000
    y, scale = 62 + row * 74, 520 / widest_s
    color = ("#0a7d4b", "#b3261e")[row]
    return f"""  <text x="20" y="{y}" class="name">{name}</text>
  <rect x="20" y="{y + 10}" width="{max(p99 * scale, 2):.1f}" height="22" rx="3" fill="{color}" opacity="0.35"/>
  <rect x="20" y="{y + 10}" width="{max(p50 * scale, 2):.1f}" height="22" rx="3" fill="{color}"/>
  <text x="{28 + max(p99 * scale, 2):.1f}" y="{y + 27}">median {p50:.2f} s, p99 {p99:.2f} s</text>
"""


def main():
    figures = [json.load(open(path))["slow"]["state_age_ms"] for path in sys.argv[1:3]]
    widest_s = max(f["p99"] for f in figures) / 1000
    bars = "".join(bar(row, name, f, widest_s) for row, (name, f) in enumerate(zip(NAMES, figures)))
    print(f"""<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 760 200" role="img" aria-label="State age of slow clients">
  <style>text {{ font: 14px sans-serif; fill: #333 }} .name {{ font-weight: bold }} .title {{ font-size: 16px }}</style>
  <rect width="760" height="200" fill="#fff"/>
  <text x="20" y="28" class="title">Age of the state that players on 20 kB/s see, over 20 s, in a room of 64 players at 30 Hz</text>
{bars}</svg>""")


if __name__ == "__main__":
    main()
