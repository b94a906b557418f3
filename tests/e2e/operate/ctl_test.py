"""tickrelayctl against a real relay."""

import json
import os
import subprocess
import unittest

from relay import Relay, run

CTL = os.environ.get("TICKRELAY_CTL", "")


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

    def test_tells_refusal_usage_and_absence_apart(self):
        self.assertTrue(self.ctl("close", "nowhere", code=1).stderr)
        self.ctl("nonsense", code=2)
        self.ctl("room", code=2)
        self.ctl("info", code=3, admin=self.relay.folder / "no.sock")
        self.ctl("version")
        self.ctl("doctor")


if __name__ == "__main__":
    run()
