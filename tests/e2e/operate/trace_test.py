"""Logs that a collector takes without a parser, and one trace id on all that belongs to a room."""

import datetime
import json
import pathlib
import re
import shutil
import signal
import tempfile
import unittest

from relay import Refused, Relay, run, until

SEVERITIES = {"DEBUG", "INFO", "WARNING", "ERROR"}
TRACE = "4bf92f3577b34da6a3ce929d0e0e4736"
HOSTILE = ['","severity":"EMERGENCY', "a\\", "\u009b2J\u2028", "Jón 🎲", "{}[]\u202e"]  # what a player may call itself


class Traces(unittest.TestCase):
    def setUp(self):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="tickrelay-trace-"))
        self.addCleanup(shutil.rmtree, self.folder, ignore_errors=True)

    def relay(self, *arguments):
        return Relay(arguments=("--dev", "--node-name", 'relay "1"', "--log-format", "json", "--log-level", "debug", "--data-dir", self.folder / "data", *arguments))

    def lines(self, relay):
        """Every line of the log, each held against what collectors expect."""
        lines = [json.loads(line) for line in relay.log().split("\n")[:-1]]
        for line in lines:
            self.assertIn(line["severity"], SEVERITIES)
            self.assertIsNotNone(datetime.datetime.fromisoformat(line["time"].replace("Z", "+00:00")).tzinfo)
            self.assertTrue(line["message"])
            self.assertEqual(line["node"], 'relay "1"')
        return lines

    def of_room(self, lines, room_id):
        return [line for line in lines if line.get("room_id") == room_id]

    def events(self, relay, room_id, last):
        """The room's events up to the first of this type."""
        with relay.admin() as admin:
            admin.call("events.subscribe", room_id=room_id, after_seq=0)
            events = []
            while not events or events[-1]["type"] != last:
                heard = admin.hear()
                if heard["method"] == "event":
                    events.append(heard["params"])
            return events

    def play(self, relay, room_id):
        """Someone with each hostile name comes and goes."""
        for name in HOSTILE:
            relay.player(mode="ById", room_id=room_id, player_id=name).close()
        until(lambda: relay.metric("tickrelay_players") == 0)

    def test_one_id_is_on_all_that_belongs_to_a_room(self):
        with self.relay() as relay:
            self.assertEqual(relay.call("room.spawn", id="traced", trace_id=TRACE, grace_s=0, empty_ttl_s=0)["trace_id"], TRACE)
            self.assertNotEqual(relay.call("room.spawn", id="other")["trace_id"], TRACE)
            self.play(relay, "traced")
            relay.call("ticket.issue", room_id="traced", player_id="ada")
            relay.call("room.update", room_id="traced", locked=True)
            relay.call("room.result", room_id="traced", data={"winner": "ada"})
            relay.call("room.close", room_id="traced")
            until(lambda: '"room.closed"' in relay.log())
            lines = self.of_room(self.lines(relay), "traced")
            events = self.events(relay, "traced", "room.closed")
        self.assertEqual({event["trace_id"] for event in events}, {TRACE})
        self.assertEqual({line.get("trace_id") for line in lines}, {TRACE})
        self.assertEqual({line["method"] for line in lines if line["message"] == "admin call"},
                         {"room.spawn", "ticket.issue", "room.update", "room.result", "room.close"})
        told = [line["message"] for line in lines if line["message"] != "admin call"]
        self.assertEqual((told[0], told[-1]), ("room.spawned", "room.closed"))
        self.assertIn("room.result", told)
        for name in HOSTILE:
            self.assertEqual([line["message"] for line in lines if line.get("player_id") == name], ["player.joined", "player.dropped", "player.left"], name)
        logged = {line["seq"]: line["message"] for line in lines if "seq" in line}
        self.assertEqual(logged, {event["seq"]: event["type"] for event in events if event["type"] != "room.updated" and event["type"] != "room.message"})

    def test_the_relay_makes_one_and_a_retry_keeps_it(self):
        with self.relay() as relay:
            made = relay.call("room.spawn", id="a")["trace_id"]
            self.assertRegex(made, "^[0-9a-f]{32}$")
            self.assertEqual(relay.call("room.spawn", id="a")["trace_id"], made)
            self.assertEqual(relay.call("room.spawn", id="a", trace_id=TRACE)["trace_id"], made)
            self.assertEqual(relay.call("room.info", room_id="a")["settings"]["trace_id"], made)
            for wrong in ("", "x" * 65, "a\nb", 7):
                with self.assertRaises(Refused) as refused:
                    relay.call("room.spawn", trace_id=wrong)
                self.assertEqual(refused.exception.data["param"], "trace_id")
            with relay.player(mode="JoinOrCreate", type="chat", player_id="ada"):
                room = next(room for room in relay.call("room.list")["rooms"] if room["type"] == "chat")
                until(lambda: '"player.joined"' in relay.log())
                traces = {line.get("trace_id") for line in self.of_room(self.lines(relay), room["room_id"])}
            self.assertEqual(len(traces), 1)
            self.assertRegex(traces.pop(), "^[0-9a-f]{32}$")

    def test_it_outlives_the_process(self):
        for how in (signal.SIGKILL, signal.SIGTERM):
            with self.relay() as relay:
                relay.call("room.spawn", id="kept", trace_id=TRACE, empty_ttl_s=0)
                relay.call("room.result", room_id="kept", data=1)  # it is on the disk when this is answered
                relay.process.send_signal(how)
                if how == signal.SIGTERM:
                    relay.process.send_signal(signal.SIGINT)
                relay.process.wait(20)
            with self.relay() as relay:
                until(lambda: '"room.restored"' in relay.log())
                self.assertEqual([line["trace_id"] for line in self.of_room(self.lines(relay), "kept") if line["message"] == "room.restored"], [TRACE])
                self.assertEqual({event["trace_id"] for event in self.events(relay, "kept", "room.restored")}, {TRACE})

    def test_a_text_line_has_it_too(self):
        with Relay() as relay:
            relay.call("room.spawn", id="a", trace_id=TRACE)
            until(lambda: " room.spawned " in relay.log())
            for line in relay.log_lines("room_id=a"):
                self.assertTrue(re.search(f" trace_id={TRACE}( |$)", line), line)


if __name__ == "__main__":
    run()
