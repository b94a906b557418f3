"""--trace FILE: what each thread did when, as Perfetto reads it."""

import collections
import json
import pathlib
import shutil
import signal
import tempfile
import unittest

from relay import PATIENCE_S, Relay, Witness, run, until

ROOMS = {"slow": 20, "fast": 60}
PERIOD_TICKS = 40  # so many of each room at least
ROUNDING_US = 0.01


class Perfetto(unittest.TestCase):
    def setUp(self):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="tickrelay-perfetto-"))
        self.addCleanup(shutil.rmtree, self.folder, ignore_errors=True)
        self.file = self.folder / "trace.json"

    def read(self):
        """The file while it is written: None where it was caught between two lines."""
        try:
            return json.loads(self.file.read_text())
        except ValueError:
            return None

    def ticks(self, trace):
        return [event for event in trace["traceEvents"] if event["ph"] == "X" and event["name"] == "tick"]

    def played(self, *arguments):
        """The trace of a relay in which players see the demo's bots move."""
        with Relay(arguments=("--dev", "--workers", "2", "--loops", "2", "--trace", self.file, *arguments)) as relay:
            for room, rate in ROOMS.items():
                relay.call("room.spawn", id=room, type="demo", tick_rate=rate, send_rate=rate)
            players = [relay.player(mode="ById", room_id=room, player_id=name) for room in ROOMS for name in ("ada", "bob")]
            witnesses = [Witness(player) for player in players]

            def enough():
                trace = self.read()
                counts = collections.Counter(tick["args"]["room"] for tick in self.ticks(trace)) if trace else {}
                return trace if counts and all(counts[room] > PERIOD_TICKS for room in ROOMS) else None

            self.while_it_ran = until(enough)
            self.assertTrue(all(witness.frames for witness in witnesses))
            self.skipped = relay.metric("tickrelay_ticks_skipped_total")  # all that the trace lacks so far
            for stop in (signal.SIGTERM, signal.SIGINT):
                relay.process.send_signal(stop)
            self.assertEqual(relay.process.wait(PATIENCE_S), 0)
        return json.loads(self.file.read_text()), relay.last_log

    def test_every_thread_is_a_track_whose_spans_nest(self):
        trace, log = self.played()
        self.assertEqual(trace["otherData"]["left_out"], 0)
        self.assertIn("the trace is complete", log)
        names = {event["tid"]: event["args"]["name"] for event in trace["traceEvents"] if event["name"] == "thread_name"}
        self.assertEqual(sorted(names.values()), ["loop-0", "loop-1", "worker-0", "worker-1"])
        tracks = collections.defaultdict(list)
        for event in trace["traceEvents"]:
            if event["ph"] == "X":
                tracks[names[event["tid"]]].append(event)
        self.assertEqual({kind: {event["name"] for name in tracks if name.startswith(kind) for event in tracks[name]} for kind in ("worker", "loop")},
                         {"worker": {"inputs", "tick", "encode"}, "loop": {"pass", "write"}})
        for name, spans in tracks.items():
            times = [(round(span["ts"] * 1000), round(span["ts"] * 1000) + round(span["dur"] * 1000), span["name"]) for span in spans]  # ns
            self.assertEqual([end for _, end, _ in times], sorted(end for _, end, _ in times), name)  # as they end, so they are written
            around = []
            for begin, end, what in sorted(times, key=lambda time: (time[0], -time[1])):
                self.assertGreaterEqual(end, begin)
                while around and around[-1][1] <= begin:
                    around.pop()
                if around:
                    self.assertLessEqual(end, around[-1][1], name)
                self.assertEqual(around[-1][2] if around else "", {"encode": "tick", "write": "pass"}.get(what, ""), (name, what, begin))
                around.append((begin, end, what))

    def test_a_rooms_ticks_are_there_at_its_rate(self):
        self.played()
        missing = 0
        for room, rate in ROOMS.items():
            ticks = [tick for tick in self.ticks(self.while_it_ran) if tick["args"]["room"] == room]
            first = ticks[0]
            for before, tick in zip(ticks, ticks[1:]):
                self.assertGreater(tick["args"]["tick"], before["args"]["tick"])
                due = (tick["ts"] - tick["args"]["late_us"]) - (first["ts"] - first["args"]["late_us"])
                self.assertAlmostEqual(due, (tick["args"]["tick"] - first["args"]["tick"]) * 1e6 / rate, delta=ROUNDING_US)
            missing += ticks[-1]["args"]["tick"] - first["args"]["tick"] + 1 - len(ticks)
        self.assertLessEqual(missing, self.skipped)

    def test_a_batch_is_followed_from_its_tick_over_the_queue_to_its_write(self):
        trace, _ = self.played()
        steps = collections.defaultdict(dict)
        for event in trace["traceEvents"]:
            if "id" in event:
                steps[event["id"]][event["ph"]] = event
        ticks = collections.defaultdict(list)
        for tick in self.ticks(trace):
            ticks[tick["tid"]].append(tick)
        writes = {(event["tid"], event["ts"]): event for event in trace["traceEvents"] if event["ph"] == "X" and event["name"] == "write"}
        self.assertEqual(len(steps), len(writes))
        self.assertTrue(any(write["args"]["connections"] for write in writes.values()))
        for batch in steps.values():
            self.assertEqual(set(batch), {"s", "b", "e", "f"})
            room = batch["b"]["args"]["room"]
            self.assertEqual(batch["s"]["ts"], batch["b"]["ts"])
            self.assertLessEqual(batch["b"]["ts"], batch["e"]["ts"])
            self.assertTrue(any(tick["ts"] <= batch["s"]["ts"] <= tick["ts"] + tick["dur"] for tick in ticks[batch["s"]["tid"]] if tick["args"]["room"] == room))
            write = writes[batch["f"]["tid"], batch["f"]["ts"]]
            self.assertEqual(write["args"]["room"], room)
            self.assertEqual(batch["e"]["ts"], write["ts"])

    def test_the_file_stops_growing_and_says_what_it_left_out(self):
        with Relay(arguments=("--dev", "--trace", self.file, "--trace-bytes", "65536")) as relay:
            relay.call("room.spawn", type="demo", tick_rate=240, send_rate=240)
            with relay.player(mode="JoinOrCreate", type="demo", player_id="ada"):
                until(lambda: (self.read() or {"otherData": {"left_out": 0}})["otherData"]["left_out"] > 100)
        self.assertLessEqual(self.file.stat().st_size, 65_536)
        self.assertGreater(self.read()["otherData"]["spans"], 100)

    def test_a_file_that_cannot_be_made_is_an_error_at_the_start(self):
        with self.assertRaisesRegex(AssertionError, "cannot write the trace /nowhere/at/all.json"):
            Relay(arguments=("--dev", "--trace", "/nowhere/at/all.json"))


if __name__ == "__main__":
    run()
