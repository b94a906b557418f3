"""What is left of a relay with a data_dir: after a kill, a stop, a drain; and when its disk or its files are not well."""

import os
import pathlib
import shutil
import signal
import sqlite3
import subprocess
import tempfile
import unittest

from relay import PROGRAM, Refused, Relay, WebSocket, run, until

STUCK_LOGIC = os.environ.get("TICKRELAY_STUCK_LOGIC")
SOON = "[store]\ncheckpoint_interval = 0.1\n"


class WithFolder(unittest.TestCase):
    def setUp(self):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="tickrelay-store-"))
        self.addCleanup(shutil.rmtree, self.folder, ignore_errors=True)
        self.data = self.folder / "data"

    def relay(self, config=SOON, *arguments):
        return Relay(config, ("--dev", "--data-dir", self.data, *arguments))

    def refused_start(self, *arguments):
        done = subprocess.run([PROGRAM, "--dev", "--listen", "127.0.0.1:0", "--ops-listen", "127.0.0.1:0", "--admin", self.folder / "other.sock",
                               "--data-dir", self.data, *arguments], capture_output=True, text=True, timeout=30)
        self.assertEqual(done.returncode, 1, done.stderr)
        return done.stderr

    def kill(self, relay):
        relay.process.kill()
        relay.process.wait()

    def stop(self, relay):
        relay.process.send_signal(signal.SIGTERM)
        relay.process.send_signal(signal.SIGINT)
        self.assertEqual(relay.process.wait(20), 0)

    def ids(self, relay):
        return sorted(room["room_id"] for room in relay.call("room.list")["rooms"])

    def kept(self, relay):
        """Everything that there is to keep is durable."""
        before = relay.metric("tickrelay_store_commits_total")
        until(lambda: relay.metric("tickrelay_checkpoints_total") > 0 and relay.metric("tickrelay_store_commits_total") > before + 1
              or relay.metric("tickrelay_checkpoint_age_seconds") == 0 and relay.metric("tickrelay_checkpoints_total") > 0)


class Rooms(WithFolder):
    def test_are_back_after_a_kill_with_all_that_they_were_made_of(self):
        with self.relay() as relay:
            relay.call("room.spawn", id="fields", type="relay", metadata={"map": "dust"}, private=True, max_players=7, grace_s=9, tick_rate=30, send_rate=10,
                       history=3, empty_ttl_s=0, codec="plain")
            relay.call("room.update", room_id="fields", locked=True, metadata={"map": "snow"})
            relay.call("room.spawn", id="gone", empty_ttl_s=0)
            until(lambda: relay.metric("tickrelay_checkpoints_total") >= 2)
            relay.call("room.close", room_id="gone")
            before = relay.call("room.info", room_id="fields")
            relay.call("room.result", room_id="fields", data=1)
            self.kill(relay)
        with self.relay() as relay:
            self.assertEqual(self.ids(relay), ["fields"])
            after = relay.call("room.info", room_id="fields")
            self.assertEqual(after["settings"], before["settings"])
            self.assertGreater(after["term"], before["term"])
            self.assertGreaterEqual(after["tick"], before["tick"])
            self.assertEqual(relay.metric("tickrelay_rooms_restored_total"), 1)
            again = relay.call("room.spawn", id="new", empty_ttl_s=0)
            self.assertEqual(again["room_id"], "new")

    def test_that_do_not_change_are_not_written_again(self):
        with self.relay() as relay:
            relay.call("room.spawn", id="quiet", empty_ttl_s=0)
            until(lambda: relay.metric("tickrelay_checkpoints_total") == 1)
            tick = relay.call("room.info", room_id="quiet")["tick"]
            until(lambda: relay.call("room.info", room_id="quiet")["tick"] > tick + 30)
            self.assertEqual(relay.metric("tickrelay_checkpoints_total"), 1)
            self.assertEqual(relay.metric("tickrelay_checkpoint_age_seconds"), 0)
            relay.call("room.update", room_id="quiet", metadata={"now": 1})
            until(lambda: relay.metric("tickrelay_checkpoints_total") == 2)

    @unittest.skipUnless(STUCK_LOGIC, "no further logic")
    def test_that_cannot_be_taken_up_wait_aside_and_cost_no_other(self):
        with self.relay(SOON, "--logic", STUCK_LOGIC) as relay:
            relay.call("room.spawn", id="well", empty_ttl_s=0)
            until(lambda: relay.metric("tickrelay_checkpoints_total") >= 1)
            self.stop(relay)
        with sqlite3.connect(self.data / "relay.db") as database:
            database.execute("INSERT INTO rooms SELECT 'odd', term, made_ms, since_ms, owners, lost_ms, hash + 1, bytes FROM rooms")
            database.execute("INSERT INTO rooms SELECT 'short', term, made_ms, since_ms, owners, lost_ms, hash, x'0102' FROM rooms WHERE id = 'well'")
        for _ in range(2):
            with self.relay() as relay:
                self.assertEqual(self.ids(relay), ["well"])
                self.assertRegex(relay.log(), r"ERROR[^\n]*set aside[^\n]*room_id=odd")
                self.assertRegex(relay.log(), r"ERROR[^\n]*set aside[^\n]*room_id=short[^\n]*remedy=")
                self.stop(relay)
        with sqlite3.connect(self.data / "relay.db") as database:
            self.assertEqual(database.execute("SELECT count(*) FROM aside").fetchone(), (2,))

    def test_go_to_the_next_process_on_sigterm_and_so_do_their_players(self):
        with self.relay("drain_deadline = 0.1\n") as relay, relay.player(mode="JoinOrCreate", type="relay") as ada:
            relay.process.send_signal(signal.SIGTERM)
            self.assertEqual(ada.until_closed(), 4002)
            self.assertEqual(relay.process.wait(20), 0)
            self.assertIn("handed over", relay.log())
        with self.relay() as relay:
            (room,) = relay.call("room.list")["rooms"]
            self.assertEqual(room["players"], 1, "the seat waits for its grace time")

    def test_of_a_drain_with_a_deadline_are_kept_and_come_back_when_it_is_taken_back(self):
        with self.relay() as relay, relay.player(mode="JoinOrCreate", type="relay") as ada:
            relay.call("relay.drain", deadline_s=0.2)
            self.assertEqual(ada.until_closed(), 4002)
            until(lambda: self.ids(relay) == [])
            self.assertIsNone(relay.process.poll(), "it stays until SIGTERM")
            with WebSocket(relay.port) as back:
                back.join(mode="Resume", room_id="whichever", session="x")
                self.assertEqual(back.close_code, 4002, "tried again: the room is still to come")
            relay.call("relay.undrain")
            (room,) = relay.call("room.list")["rooms"]
            self.assertEqual(room["players"], 1)
            self.assertEqual(relay.get("/readyz")[0], 200)


class Bans(WithFolder):
    def banned(self, relay):
        return [(ban.get("player_id"), ban.get("room_id"), ban.get("address"), ban.get("reason")) for ban in relay.call("ban.list")["bans"]]

    def comes(self, relay, player_id):
        with WebSocket(relay.port) as player:
            return player.join(mode="JoinOrCreate", type="relay", player_id=player_id)

    def test_hold_over_a_kill_and_end_for_good(self):
        with self.relay() as relay:
            self.assertEqual(relay.call("player.ban", player_id="ada", minutes=5, reason="speed hack"), {"kicked": 0, "kept": True})
            relay.call("player.ban", player_id="bob", room_id="arena", minutes=5)
            relay.call("address.ban", address="192.0.2.77/24", minutes=5)
            relay.call("address.ban", address="2001:db8::7", minutes=5)
            relay.call("player.ban", player_id="eve", ban_s=1)
            self.kill(relay)
        held = [("ada", None, None, "speed hack"), ("bob", "arena", None, None), (None, None, "2001:db8::7", None), (None, None, "192.0.2.0/24", None)]
        with self.relay() as relay:
            until(lambda: self.comes(relay, "eve"))
            self.assertEqual(self.banned(relay), held)
            self.assertTrue(all(200 < ban["ends_in_s"] <= 300 for ban in relay.call("ban.list")["bans"]))
            self.assertFalse(self.comes(relay, "ada"))
            self.assertEqual(relay.call("ban.remove", player_id="ada"), {"kept": True})
            self.assertTrue(self.comes(relay, "ada"))
            self.kill(relay)
        with self.relay() as relay:
            self.assertEqual(self.banned(relay), held[1:])
            self.assertTrue(self.comes(relay, "ada"))
            self.stop(relay)
        with self.relay() as relay:
            self.assertEqual(self.banned(relay), held[1:])

    def test_of_a_kick_are_kept_too(self):
        with self.relay() as relay:
            relay.call("room.spawn", id="arena", type="relay", empty_ttl_s=0)
            with relay.player(mode="ById", room_id="arena", player_id="ada"):
                commits = relay.metric("tickrelay_store_commits_total")
                relay.call("player.kick", room_id="arena", player_id="ada", ban_s=60)
                until(lambda: relay.metric("tickrelay_store_commits_total") > commits)
            self.assertEqual(relay.call("player.ban", player_id="bob", minutes=1)["kept"], True)  # behind it
            self.kill(relay)
        with self.relay() as relay:
            self.assertEqual(self.banned(relay), [("ada", "arena", None, None), ("bob", None, None, None)])


class WithoutStore(unittest.TestCase):
    def test_a_drain_without_a_deadline_waits_and_one_with_a_deadline_ends_the_rooms(self):
        with Relay("drain_deadline = 0.1\n") as relay, relay.player(mode="JoinOrCreate", type="relay") as ada:
            relay.call("relay.drain")
            tick = lambda: relay.call("room.info", room_id=relay.call("room.list")["rooms"][0]["room_id"])["tick"]
            before = tick()
            until(lambda: tick() > before + 10)
            relay.call("relay.drain", deadline_s=0.1)
            self.assertEqual(ada.until_closed(), 4002)
            until(lambda: relay.call("room.list")["rooms"] == [])
            self.assertIsNone(relay.process.poll())


class Journal(WithFolder):
    def events(self, relay, after, last):
        """What a subscriber hears, up to the number `last`."""
        heard = []
        with relay.admin() as watcher:
            watcher.call("events.subscribe", after_seq=after)
            while not heard or max(heard[-1]["params"].get("seq", 0), heard[-1]["params"].get("to", 0)) < last:
                heard.append(watcher.hear())
        return heard

    def test_goes_on_over_a_stop_without_a_gap(self):
        with self.relay() as relay:
            relay.call("room.spawn", id="r", empty_ttl_s=0)
            relay.call("room.result", room_id="r", data={"winner": "ada"})
            self.stop(relay)
        with self.relay() as relay:
            until(lambda: relay.metric("tickrelay_rooms_restored_total") == 1)
            with relay.admin() as admin:
                last = until(lambda: admin.call("events.subscribe")["seq"])
            heard = self.events(relay, 0, last)
            self.assertEqual({line["method"] for line in heard}, {"event"})
            self.assertEqual([line["params"]["seq"] for line in heard], list(range(1, last + 1)))
            types = [line["params"]["type"] for line in heard]
            self.assertEqual(types[:2] + types[-1:], ["room.spawned", "room.result", "room.restored"])
            self.assertNotIn("room.closed", types, "it goes on")

    def test_says_after_a_kill_which_numbers_may_be_lost(self):
        with self.relay() as relay:
            relay.call("room.spawn", id="r", empty_ttl_s=0)
            relay.call("room.result", room_id="r", data=1)
            self.kill(relay)
        with self.relay() as relay:
            until(lambda: relay.metric("tickrelay_rooms_restored_total") == 1)
            with relay.admin() as admin:
                last = admin.call("events.subscribe")["seq"]
            heard = self.events(relay, 1, last)
            self.assertEqual(heard[0]["params"]["type"], "room.result", "its answer came, so it is there")
            lost = [line["params"] for line in heard if line["method"] == "events.lost"]
            self.assertEqual(len(lost), 1)
            self.assertEqual(heard[-1]["params"]["type"], "room.restored")
            self.assertGreater(heard[-1]["params"]["seq"], lost[0]["to"])

    def test_has_what_the_ring_no_longer_holds(self):
        with self.relay() as relay:
            relay.call("room.spawn", id="r", empty_ttl_s=0)
            for _ in range(3):  # the ring holds 8,192
                with relay.admin() as admin:
                    for _ in range(4):
                        admin.say(("[" + ",".join(['{"jsonrpc":"2.0","method":"room.update","params":{"room_id":"r","locked":false}}'] * 1_000) + "]"))
                    admin.call("relay.info")
                until(lambda: relay.metric("tickrelay_journal_events_total") + relay.metric("tickrelay_journal_dropped_total") >= relay.call("events.subscribe")["seq"])
            last = relay.call("events.subscribe")["seq"]
            self.assertGreater(last, 12_000)
            heard = self.events(relay, 0, last)
            self.assertEqual([line["params"].get("seq") for line in heard], list(range(1, last + 1)))


class Trouble(WithFolder):
    def test_a_data_dir_in_use_is_refused(self):
        with self.relay() as relay:
            said = self.refused_start()
            self.assertIn("in use by another relay", said)
            self.assertIn(str(relay.process.pid), said)
            self.assertIn(str(self.data), said)

    def test_a_data_dir_that_is_no_folder_or_a_damaged_database_is_refused_with_the_remedy(self):
        self.data.write_text("a file")
        self.assertIn(str(self.data), self.refused_start())
        self.data.unlink()
        self.data.mkdir()
        (self.data / "relay.db").write_bytes(b"no database" * 1_000)
        said = self.refused_start()
        self.assertIn("is damaged", said)
        self.assertIn("move it away", said)
        self.assertEqual((self.data / "relay.db").read_bytes(), b"no database" * 1_000, "it is as it was")

    def mount(self, size):
        self.data.mkdir()
        if subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={size}", "tmpfs", self.data], capture_output=True, check=False).returncode != 0:
            self.skipTest("no file system may be mounted here: run as root")
        self.addCleanup(subprocess.run, ["umount", "-l", self.data], check=False)

    def fill(self):
        filler = self.data / "filler"
        with open(filler, "wb", buffering=0) as file:
            try:
                while True:
                    file.write(bytes(4_096))
            except OSError:
                pass
        return filler

    def test_a_full_disk_at_the_start_is_refused(self):
        self.mount("256k")
        self.fill()
        self.assertIn("free space", self.refused_start())

    def test_a_disk_that_fills_up_stops_no_room_and_is_over_by_itself(self):
        self.mount("4m")
        with self.relay() as relay:
            relay.call("room.spawn", id="r", type="demo", empty_ttl_s=0)
            until(lambda: relay.metric("tickrelay_checkpoints_total") >= 2)
            filler = self.fill()
            until(lambda: relay.metric("tickrelay_store_failing") == 1)
            tick = relay.call("room.info", room_id="r")["tick"]
            until(lambda: relay.call("room.info", room_id="r")["tick"] > tick + 20)
            until(lambda: relay.metric("tickrelay_checkpoint_age_seconds") > 1)
            with self.assertRaises(Refused) as refused:
                relay.call("room.result", room_id="r", data=1)
            self.assertIn(refused.exception.reason, ("store_failing", "timeout"))
            banned = relay.call("player.ban", player_id="eve", minutes=5)
            self.assertEqual((banned["kicked"], banned["kept"]), (0, False))
            self.assertIn("not on the disk yet", banned["note"])
            self.assertEqual(relay.call("ban.list")["bans"][0]["player_id"], "eve", "it holds all the same")
            until(lambda: relay.log_lines("a ban is not on the disk yet"))
            filler.unlink()
            until(lambda: relay.metric("tickrelay_store_failing") == 0)
            relay.call("room.result", room_id="r", data=2)
            self.assertEqual(relay.log().count("the store cannot be written"), 1)
            self.assertEqual(relay.log().count("the store can be written again"), 1)
            self.assertEqual(relay.call("relay.info")["rooms"], 1)
            self.kill(relay)
        with self.relay() as relay:
            self.assertEqual(self.ids(relay), ["r"])
            self.assertEqual(relay.call("ban.list")["bans"][0]["player_id"], "eve", "written as soon as there was space")


if __name__ == "__main__":
    run()
