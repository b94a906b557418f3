"""tickrelayctl against a real relay."""

import json
import os
import pathlib
import subprocess
import tempfile
import threading
import unittest

from relay import FLATC, PATIENCE_S, SCHEMAS, Relay, run

CTL = os.environ.get("TICKRELAY_CTL", "")
UNIT = pathlib.Path(__file__).resolve().parents[2] / "unit" / "ctl"


@unittest.skipUnless(os.path.exists(CTL), "tickrelayctl is not built")
class Tickrelayctl(unittest.TestCase):
    def setUp(self):
        self.relay = Relay()
        self.addCleanup(self.relay.close)

    def ctl(self, *arguments, code=0, admin=None):
        done = subprocess.run([CTL, "--admin", admin or self.relay.admin_path, *arguments], capture_output=True, text=True, timeout=30)
        self.assertEqual(done.returncode, code, f"{arguments}: {done.stdout}{done.stderr}")
        return done

    def json(self, *arguments):
        return json.loads(self.ctl("--json", *arguments).stdout)

    def test_says_what_the_relay_says(self):
        self.assertEqual(self.json("info")["rooms"], 0)
        room = self.json("spawn")["room_id"]
        self.assertEqual([each["room_id"] for each in self.json("rooms")["rooms"]], [room])
        with self.relay.player(mode="ById", room_id=room, player_id="ada") as ada:
            self.assertEqual(self.json("room", room)["players"][0]["player_id"], "ada")
            self.assertIn("entities", self.json("state", room))
            self.assertIn("ticket", self.json("ticket", room, "bob"))
            self.ctl("kick", room, "ada")
            self.assertEqual(ada.until_closed(), 4440)
        self.assertIn(room, self.ctl("rooms").stdout)
        self.ctl("drain")
        self.assertEqual(self.relay.get("/readyz")[0], 503)
        self.ctl("undrain")
        self.ctl("close", room)

    def test_plays_a_bad_network_to_a_player_and_shows_it(self):
        room = self.json("spawn")["room_id"]
        with self.relay.player(mode="ById", room_id=room, player_id="ada"):
            said = self.ctl("simulate", room, "ada", "--delay-ms", "100", "--loss", "0.02").stdout
            self.assertIn("delay 100 ms, loss 2 %", said)
            simulated = self.json("room", room)["players"][0]["simulated"]
            self.assertEqual(simulated, {"delay_ms": 100, "jitter_ms": 0, "loss": 0.02, "bytes_per_s": 0})
            self.assertIn("delay 100 ms, loss 2 %", self.ctl("room", room).stdout)
            self.assertEqual(self.json("simulate", room, "ada"), {})
            self.assertNotIn("simulated", self.json("room", room)["players"][0])
        self.assertIn("no player", self.ctl("simulate", room, "bob", "--loss", "1", code=1).stderr)
        self.assertIn("loss", self.ctl("simulate", room, "ada", "--loss", "7", code=1).stderr)

    def follow(self, *arguments):
        """A verb that runs on; ended with the test."""
        process = subprocess.Popen([CTL, "--admin", self.relay.admin_path, *arguments], stdout=subprocess.PIPE,
                                   stderr=subprocess.PIPE, text=True)
        patience = threading.Timer(PATIENCE_S, process.kill)
        patience.start()
        for end in (process.stderr.close, process.stdout.close, process.wait, process.kill, patience.cancel):
            self.addCleanup(end)
        return process

    def test_watch_tells_what_happens_as_it_happens_and_ends_with_the_relay(self):
        room, other = self.json("spawn")["room_id"], self.json("spawn")["room_id"]
        watched = self.follow("--json", "watch", room, "--after-seq", "0")
        told = lambda: json.loads(watched.stdout.readline())["params"]  # noqa: E731
        self.assertEqual(told()["type"], "room.spawned")
        self.ctl("close", other)  # not this room's
        with self.relay.player(mode="ById", room_id=room, player_id="ada"):
            joined = told()
            self.assertEqual((joined["type"], joined["player_id"]), ("player.joined", "ada"))
            self.ctl("kick", room, "ada")
            self.assertEqual(told()["type"], "player.left")
        self.relay.close()
        self.assertEqual(watched.wait(30), 3)
        self.assertTrue(watched.stderr.read())

    def test_top_shows_the_busiest_rooms_once_and_again(self):
        room = self.json("spawn")["room_id"]
        self.json("spawn")
        with self.relay.player(mode="ById", room_id=room, player_id="ada"):
            once = self.ctl("top", "--once").stdout
            self.assertRegex(once, r"2 rooms +1 players")
            rows = [line.split()[0] for line in once.splitlines() if line.split()[2:3] and "/" in line.split()[2]]
            self.assertEqual((rows[0], len(rows)), (room, 2), once)  # by players
            live = self.follow("top", "--interval-s", "0.1")
            for _ in range(3):
                while room not in live.stdout.readline():
                    self.assertIsNone(live.poll())
        self.ctl("top", "--interval-s", "0", code=2)

    def test_check_schema_says_who_can_join(self):
        with tempfile.TemporaryDirectory() as folder:
            for source in (SCHEMAS / "examples/arena.fbs", UNIT / "arena_grown.fbs", UNIT / "arena_broken.fbs"):
                subprocess.run([FLATC, "--binary", "--schema", "-I", SCHEMAS, "-o", folder, source], check=True)
            arena, grown, broken = (f"{folder}/arena{which}.bfbs" for which in ("", "_grown", "_broken"))
            self.assertIn("the same layout", self.ctl("check-schema", arena, arena).stdout)
            self.assertIn("additive", self.ctl("check-schema", arena, grown).stdout)
            self.assertTrue(json.loads(self.ctl("--json", "check-schema", arena, grown).stdout)["additive"])
            self.assertIn("BREAKING", self.ctl("check-schema", arena, broken, code=1).stdout)
            self.ctl("check-schema", arena, code=2)
            self.assertIn("nowhere.bfbs", self.ctl("check-schema", arena, f"{folder}/nowhere.bfbs", code=2).stderr)
            self.assertIn("arena.fbs", self.ctl("check-schema", arena, SCHEMAS / "examples/arena.fbs", code=2).stderr)

    def test_tells_refusal_usage_and_absence_apart(self):
        self.assertTrue(self.ctl("close", "nowhere", code=1).stderr)
        self.ctl("nonsense", code=2)
        self.ctl("room", code=2)
        self.ctl("info", code=3, admin=self.relay.folder / "no.sock")
        self.ctl("version")
        self.ctl("doctor")


if __name__ == "__main__":
    run()
