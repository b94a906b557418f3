"""Who may not come back, and what the log keeps of who said so."""

import json
import os
import signal
import unittest

from relay import Refused, Relay, WebSocket, run, until

JSON_LOG = 'log_format = "json"\n'


def join(relay, player_id, room_id="arena", **from_):
    player = WebSocket(relay.port, **from_)
    player.joined = player.join(mode="ById", room_id=room_id, player_id=player_id)
    return player


class Players(unittest.TestCase):
    def test_are_sent_away_and_kept_out_of_all_rooms_or_of_one(self):
        with Relay() as relay:
            for room_id in ("arena", "lobby"):
                relay.call("room.spawn", type="relay", id=room_id)
            ada, bob = join(relay, "ada"), join(relay, "bob")
            self.assertEqual(relay.call("player.ban", player_id="ada", minutes=5, reason="speed hack"), {"kicked": 1})
            self.assertEqual(ada.until_closed(), 4441)
            self.assertEqual(ada.close_reason, "banned: speed hack")
            for room_id in ("arena", "lobby"):
                self.assertEqual(join(relay, "ada", room_id).close_code, 4441)
            by_type = WebSocket(relay.port)
            self.assertFalse(by_type.join(mode="JoinOrCreate", type="relay", player_id="ada"))
            self.assertEqual(by_type.close_code, 4441)

            self.assertEqual(relay.call("player.ban", player_id="bob", room_id="arena", ban_s=300), {"kicked": 1})
            self.assertEqual(bob.until_closed(), 4441)
            self.assertEqual(join(relay, "bob").close_code, 4441)
            self.assertTrue(join(relay, "bob", "lobby").joined)
            until(lambda: relay.refused("banned") >= 4)

    def test_a_ban_is_listed_survives_a_reload_and_ends(self):
        with Relay() as relay:
            relay.call("room.spawn", type="relay", id="arena")
            relay.call("player.ban", player_id="ada", minutes=5)
            relay.call("address.ban", address="192.0.2.77/24", minutes=5, reason="bots")
            relay.process.send_signal(signal.SIGHUP)
            until(lambda: relay.log_lines("configuration reloaded"))
            bans = relay.call("ban.list")["bans"]
            self.assertEqual([(ban.get("player_id"), ban.get("address"), ban.get("reason")) for ban in bans],
                             [("ada", None, None), (None, "192.0.2.0/24", "bots")])
            self.assertTrue(all(290 < ban["ends_in_s"] <= 300 for ban in bans))
            relay.call("ban.remove", player_id="ada")
            relay.call("ban.remove", address="192.0.2.0/24")
            self.assertEqual(relay.call("ban.list"), {"bans": []})
            self.assertTrue(join(relay, "ada").joined)
            with self.assertRaises(Refused) as refused:
                relay.call("ban.remove", player_id="ada")
            self.assertEqual(refused.exception.reason, "no_such_ban")
            relay.call("player.ban", player_id="eve", ban_s=1)
            self.assertEqual(join(relay, "eve").close_code, 4441)
            until(lambda: join(relay, "eve").joined)

    def test_kick_with_a_time_is_a_ban_of_that_room(self):
        with Relay() as relay:
            relay.call("room.spawn", type="relay", id="arena")
            ada = join(relay, "ada")
            relay.call("player.kick", room_id="arena", player_id="ada", ban_s=60)
            self.assertEqual(ada.until_closed(), 4440)
            self.assertEqual(join(relay, "ada").close_code, 4441)
            self.assertEqual(relay.call("ban.list")["bans"][0]["room_id"], "arena")

    def test_wrong_words_are_told(self):
        with Relay() as relay:
            for params in ({"player_id": "ada"}, {"player_id": "ada", "minutes": 5, "ban_s": 5}, {"minutes": 5}, {"player_id": "ada", "minutes": 0}):
                with self.assertRaises(Refused) as refused:
                    relay.call("player.ban", **params)
                self.assertEqual(refused.exception.reason, "bad_params", params)
            for address in ("somewhere", "192.0.2.0/33", ""):
                with self.assertRaises(Refused) as refused:
                    relay.call("address.ban", address=address, minutes=5)
                self.assertEqual(refused.exception.data["param"], "address")


class Addresses(unittest.TestCase):
    def test_are_refused_at_the_door_and_those_inside_sent_away(self):
        with Relay() as relay:
            relay.call("room.spawn", type="relay", id="arena")
            bad, good = join(relay, "bad", source="127.0.0.7"), join(relay, "good")
            self.assertEqual(next(p["address"] for p in relay.call("room.info", room_id="arena")["players"] if p["player_id"] == "bad"), "127.0.0.7")
            self.assertEqual(relay.call("address.ban", address="127.0.0.7", minutes=5), {"kicked": 1})
            self.assertEqual(bad.until_closed(), 4441)
            self.assertFalse(WebSocket(relay.port, upgrade=False, source="127.0.0.7").upgrade())
            self.assertTrue(join(relay, "other", source="127.0.0.8").joined)
            self.assertTrue(good.hears_more())
            self.assertGreaterEqual(relay.refused("banned"), 1)


class Audit(unittest.TestCase):
    def test_each_change_is_a_line_with_who_did_it_and_no_secret(self):
        with Relay(JSON_LOG) as relay:
            relay.call("room.spawn", type="relay", id="arena")
            ticket = relay.call("ticket.issue", room_id="arena", player_id="ada")["ticket"]
            relay.call("player.ban", player_id="ada", minutes=5)
            relay.call("room.info", room_id="arena")
            with self.assertRaises(Refused):
                relay.call("player.kick", room_id="arena", player_id="nobody")
            relay.call("room.broadcast", room_id="arena", type="news", data="c2VjcmV0LXBheWxvYWQ=")
            lines = [json.loads(line) for line in relay.log_lines('"admin call"')]
            self.assertEqual([(line["method"], line["result"]) for line in lines],
                             [("room.spawn", "ok"), ("ticket.issue", "ok"), ("player.ban", "ok"), ("player.kick", "no_such_player"),
                              ("room.broadcast", "ok")])
            for line in lines:
                self.assertEqual((line["peer_uid"], line["peer_gid"], line["peer_pid"]), (os.getuid(), os.getgid(), os.getpid()))
            self.assertEqual((lines[3]["room_id"], lines[3]["player_id"]), ("arena", "nobody"))
            self.assertNotIn(ticket, relay.log())
            self.assertNotIn("secret", relay.log())
            self.assertNotIn("c2VjcmV0", relay.log())

    def test_the_dashboards_actions_name_their_address(self):
        import http.client
        with Relay(JSON_LOG) as relay:
            connection = http.client.HTTPConnection("127.0.0.1", relay.ops_port, timeout=30)
            connection.request("POST", "/api/actions/relay.drain", "{}", {"Content-Type": "application/json"})
            answer = connection.getresponse()
            self.assertEqual(answer.status, 200, answer.read())
            line = json.loads(relay.log_lines('"admin call"')[0])
            self.assertEqual((line["method"], line["result"], line["peer_address"]), ("relay.drain", "ok", "127.0.0.1"))


if __name__ == "__main__":
    run()
