"""The admin socket of a real relay: its answers to nonsense, every method, its notifications."""

import base64
import json
import select
import unittest

from relay import Admin, Refused, Relay, arena_bfbs, run, until


class TheAdminSocket(unittest.TestCase):
    def setUp(self):
        self.relay = Relay()
        self.addCleanup(self.relay.close)

    def refused(self, method, **params):
        with self.assertRaises(Refused) as caught:
            self.relay.call(method, **params)
        return caught.exception

    def test_answers_nonsense_with_an_error_and_goes_on(self):
        with self.relay.admin() as admin:
            for line, code in (("{", -32700), ("[]", -32600), ("7", -32600), ('{"id":1,"method":"relay.info"}', -32600),
                               ('{"jsonrpc":"2.0","id":{},"method":"relay.info"}', -32600),
                               ('{"jsonrpc":"2.0","id":1,"method":"relay.info","params":[1]}', -32602), ("\xff\xfe", -32700)):
                admin.say(line)
                self.assertEqual(admin.hear()["error"]["code"], code, line)
            self.assertIn("version", admin.call("relay.info"))

    def test_names_the_nearest_method_and_parameter(self):
        wrong = self.refused("room.spwan")
        self.assertEqual((wrong.code, wrong.data["nearest"]), (-32601, "room.spawn"))
        self.assertEqual(self.refused("room.spawn", tick_rte=20).data["nearest"], "tick_rate")
        self.assertEqual(self.refused("room.spawn", tick_rate=500).data["param"], "tick_rate")

    def test_answers_a_batch_in_one_line_and_a_notification_not_at_all(self):
        with self.relay.admin() as admin:
            info = {"jsonrpc": "2.0", "method": "relay.info"}
            admin.say(json.dumps(info))
            admin.say(json.dumps([{**info, "id": "a"}, info, {**info, "id": "b"}]))
            self.assertEqual([answer["id"] for answer in admin.hear()], ["a", "b"])

    def test_closes_on_a_line_without_end_and_serves_the_others(self):
        with self.relay.admin() as flood, self.relay.admin() as other:
            try:
                for _ in range(40):
                    flood.say(b"x" * 65_536)
            except (BrokenPipeError, ConnectionResetError):
                pass
            self.assertEqual(other.call("relay.info")["rooms"], 0)

    def test_serves_many_clients_at_once(self):
        clients = []
        for _ in range(64):
            clients.append(self.relay.admin())
            self.addCleanup(clients[-1].__exit__)
            clients[-1].call("relay.info")
        for client in clients:
            self.assertEqual(client.call("relay.info")["players"], 0)

    def test_lets_the_client_above_the_limit_wait_for_a_place(self):
        clients = [self.relay.admin() for _ in range(64)]
        for client in clients:
            self.addCleanup(client.__exit__)
            client.call("relay.info")
        with self.relay.admin() as late:
            late.say('{"jsonrpc":"2.0","id":1,"method":"relay.info","params":{}}')
            for client in clients:  # the relay has been at its socket many times since
                client.call("relay.info")
            self.assertEqual(select.select([late.socket], [], [], 0)[0], [])
            clients[0].__exit__()
            self.assertIn("version", late.hear()["result"])

    def test_spawns_again_what_is_the_same_and_refuses_what_differs(self):
        first = self.relay.call("room.spawn", id="r", tick_rate=30)
        self.assertEqual(first["room_id"], "r")
        self.assertEqual(self.relay.call("room.spawn", id="r", tick_rate=30), first)
        self.assertEqual(self.refused("room.spawn", id="r", tick_rate=60).reason, "room_exists")
        self.assertEqual(self.refused("room.spawn", type="nope").reason, "unknown_type")
        self.assertEqual(self.refused("room.spawn", logic="nope").reason, "unknown_logic")

    def test_lists_updates_and_closes_rooms(self):
        for i in range(5):
            self.relay.call("room.spawn", id=f"r{i}", metadata={"n": i}, empty_ttl_s=0)
        listed, cursor = [], None
        while True:
            page = self.relay.call("room.list", limit=2, **({"cursor": cursor} if cursor else {}))
            listed += [room["room_id"] for room in page["rooms"]]
            if not (cursor := page.get("cursor")):
                break
        self.assertEqual(sorted(listed), [f"r{i}" for i in range(5)])
        self.relay.call("room.update", room_id="r1", metadata={"n": 9}, locked=True, max_players=3)
        info = self.relay.call("room.info", room_id="r1")["settings"]
        self.assertEqual((info["metadata"], info["locked"], info["max_players"]), ({"n": 9}, True, 3))
        self.relay.call("room.close", room_id="r1", reason="over")
        until(lambda: self.relay.call("relay.info")["rooms"] == 4)
        for method in ("room.info", "room.close", "room.state", "room.update"):
            self.assertEqual(self.refused(method, room_id="r1").reason, "room_not_found")

    def test_reads_and_writes_state_by_its_names(self):
        self.relay.call("room.spawn", id="r", schema=arena_bfbs(), authority="server")
        with self.relay.player(mode="ById", room_id="r", player_id="ada"):
            entities = self.relay.call("room.state", room_id="r")["entities"]
            number = next(int(entity) for entity, components in entities.items() if "arena.Score" in components)
            self.relay.call("room.set", room_id="r", entity=number, component="arena.Score", fields={"kills": 4})
            until(lambda: self.relay.call("room.state", room_id="r")["entities"][str(number)]["arena.Score"]["kills"] == 4)
            wrong = self.refused("room.set", room_id="r", entity=number, component="arena.Scor", fields={"kills": 4})
            self.assertEqual(wrong.code, -32602)
            wrong = self.refused("room.set", room_id="r", entity=number, component="arena.Score", fields={"kils": 4})
            self.assertEqual(wrong.code, -32602)

    def test_refuses_hostile_schemas_and_stays(self):
        good = base64.b64decode(arena_bfbs())
        for bad in (b"BFBS", good[:len(good) // 2], good[:40] + bytes(len(good) - 40), b"\xff" * 4_096,
                    good + bytes(300 * 1024)):
            wrong = self.refused("room.spawn", schema=base64.b64encode(bad).decode())
            self.assertEqual(wrong.reason, "bad_params")
        self.assertEqual(self.refused("room.spawn", schema="%%%").reason, "bad_params")
        for i in range(0, len(good), max(1, len(good) // 200)):  # either answer will do, as long as there is one
            twisted = good[:i] + bytes([good[i] ^ 0xFF]) + good[i + 1:]
            try:
                self.relay.call("room.spawn", schema=base64.b64encode(twisted).decode())
            except Refused as refused:
                self.assertEqual(refused.reason, "bad_params")
        self.assertGreaterEqual(self.relay.call("relay.info")["uptime_s"], 0)

    def test_kicks_and_bans(self):
        self.relay.call("room.spawn", id="r")
        with self.relay.player(mode="ById", room_id="r", player_id="ada") as ada:
            self.relay.call("player.kick", room_id="r", player_id="ada", reason="rude", ban_s=600)
            self.assertEqual(ada.until_closed(), 4440)
            self.assertIn("rude", ada.close_reason)
        with self.relay.player(mode="ById", room_id="r", player_id="ada") as again:
            self.assertEqual(again.until_closed() or again.close_code, 4441)
        self.assertEqual(self.refused("player.kick", room_id="r", player_id="bob").reason, "no_such_player")

    def test_drains_and_undrains(self):
        self.relay.call("room.spawn", id="r", empty_ttl_s=0)
        self.assertEqual(self.relay.call("relay.drain", deadline_s=600), {"rooms": 1})
        self.assertEqual(self.relay.get("/readyz")[0], 503)
        self.assertEqual(self.refused("room.spawn").reason, "draining")
        self.relay.call("relay.undrain")
        self.assertEqual(self.relay.get("/readyz")[0], 200)
        self.relay.call("room.spawn")

    def test_tells_its_events_in_order(self):
        with self.relay.admin() as watcher:
            watcher.call("events.subscribe")
            self.relay.call("room.spawn", id="r")
            with self.relay.player(mode="ById", room_id="r", player_id="ada"):
                self.relay.call("room.result", room_id="r", data={"winner": "ada"})
                self.relay.call("room.close", room_id="r")
                heard = []
                while not heard or heard[-1]["type"] != "room.closed":
                    line = watcher.hear()
                    self.assertEqual(line["method"], "event")
                    heard.append(line["params"])
            types = [event["type"] for event in heard]
            for expected in ("room.spawned", "player.joined", "room.result", "player.left"):
                self.assertIn(expected, types)
            numbers = [event["seq"] for event in heard]
            self.assertEqual(numbers, list(range(numbers[0], numbers[0] + len(numbers))))
            self.assertEqual(next(e for e in heard if e["type"] == "room.result")["data"], {"winner": "ada"})

    def test_says_which_events_were_lost(self):
        self.relay.call("room.spawn", id="r", empty_ttl_s=0)
        with self.relay.admin() as admin:
            for _ in range(12):  # more than the ring holds
                request = {"jsonrpc": "2.0", "method": "room.update", "params": {"room_id": "r", "metadata": {}}}
                admin.say(json.dumps([request] * 1_000))
            admin.call("relay.info")
            first = Admin(self.relay.admin_path)
            self.addCleanup(first.__exit__)
            first.call("events.subscribe", after_seq=0)
            told = first.hear()
            while told["method"] != "events.lost":
                told = first.hear()
            self.assertEqual(told["params"]["from"], 1)
            self.assertEqual(first.hear()["params"]["seq"], told["params"]["to"] + 1)


if __name__ == "__main__":
    run()
