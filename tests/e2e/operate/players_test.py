"""Who may not come in, and who says what no client should: a clear reason for the sender, nothing for everybody else."""

import base64
import os
import unittest

from relay import Refused, Relay, WebSocket, Witness, message, run, until

TICKETS = 'ticket_key = "env:TICKRELAY_TEST_SECRET"\n[tickets]\nleeway = 0\n[type.relay]\nempty_ttl_s = 0\n'
SECRET = {"TICKRELAY_TEST_SECRET": base64.b64encode(os.urandom(48)).decode()}


class Tickets(unittest.TestCase):
    def setUp(self):
        self.relay = Relay(TICKETS, arguments=(), environment=SECRET)
        self.addCleanup(self.relay.close)
        for room in ("a", "b"):
            self.relay.call("room.spawn", id=room)

    def code(self, **join):
        with WebSocket(self.relay.port) as player:
            return 0 if player.join(**join) else player.close_code

    def ticket(self, **params):
        return self.relay.call("ticket.issue", **{"room_id": "a", "player_id": "ada", **params})["ticket"]

    def test_are_needed(self):
        self.assertEqual(self.code(mode="ById", room_id="a", player_id="ada"), 4401)
        self.assertEqual(self.code(mode="JoinOrCreate", type="relay"), 4401)
        self.assertEqual(self.code(mode="ById", room_id="a", ticket="x" * 40), 4401)

    def test_open_their_room_once(self):
        ticket = self.ticket()
        self.assertEqual(self.code(mode="ById", room_id="a", ticket=ticket), 0)
        self.assertEqual(self.code(mode="ById", room_id="a", ticket=ticket), 4401)
        self.assertEqual(self.code(mode="ById", room_id="b", ticket=self.ticket()), 4401)

    def test_end_in_time(self):
        ticket = self.ticket(ttl_s=1)
        with self.relay.player(mode="ById", room_id="a", ticket=self.ticket(player_id="bob")):
            uptime = self.relay.call("relay.info")["uptime_s"]
            until(lambda: self.relay.call("relay.info")["uptime_s"] > uptime + 2.1)  # whole seconds, rounded down
        self.assertEqual(self.code(mode="ById", room_id="a", ticket=ticket), 4401)

    def test_give_the_authoritys_role(self):
        self.assertEqual(self.code(mode="ById", room_id="a", role="Authority"), 4403)
        for mode in ("JoinOrCreate", "Join", "Create"):  # where nobody would look into it
            self.assertEqual(self.code(mode=mode, type="any", role="Authority", ticket="x"), 4403)
        self.assertEqual(self.code(mode="ById", room_id="a", role="Authority", ticket=self.ticket(role="authority")), 0)

    def test_are_for_rooms_that_exist(self):
        with self.assertRaises(Refused) as caught:
            self.relay.call("ticket.issue", room_id="c", player_id="ada")
        self.assertEqual(caught.exception.reason, "room_not_found")


class BadInput(unittest.TestCase):
    """One well-behaved player watches: it must hear on."""

    def setUp(self):
        self.relay = Relay()
        self.addCleanup(self.relay.close)
        self.relay.call("room.spawn", id="r", max_players=2)
        player = self.relay.player(mode="ById", room_id="r", player_id="witness")
        self.addCleanup(player.socket.close)
        self.witness = Witness(player)

    def tearDown(self):
        heard = self.witness.frames
        until(lambda: self.witness.frames > heard + 2)
        self.assertEqual(self.relay.metric("tickrelay_players"), 1)

    def closed(self, *messages, join=None, opcode=WebSocket.BINARY):
        with WebSocket(self.relay.port) as bad:
            if join:
                self.assertTrue(bad.join(**join))
            for each in messages:
                bad.send(each, opcode)
            code = bad.until_closed()
            self.assertTrue(bad.close_reason, f"{code} came without a reason")
            return code

    def test_garbage_in_place_of_a_message(self):
        join = message("Join", mode="ById", room_id="r")
        for bad in (b"", b"x", bytes(8), b"\xff" * 500, join[:len(join) // 2], join[:4] + b"TRF1" + join[8:],
                    message("Welcome", room_id="r"), b"\xff\xff\xff\x7fTRM1" + bytes(20)):
            self.assertEqual(self.closed(bad), 4400, bad)
        self.assertGreaterEqual(self.relay.metric('tickrelay_refused_total{reason="protocol_error"}'), 7)

    def test_every_shortened_and_every_twisted_join_is_refused_or_understood(self):
        join = message("Join", mode="ById", room_id="nowhere", player_id="ada", options='{"name":"ada"}')
        for i in range(8, len(join), 3):
            for bad in (join[:i], join[:i] + bytes([join[i] ^ 0xFF]) + join[i + 1:]):
                self.assertIn(self.closed(bad), (4400, 4401, 4403, 4404, 4405, 4411, 1000), i)

    def test_text_messages(self):
        before = self.relay.metric('tickrelay_closed_total{reason="protocol_error"}')
        self.assertEqual(self.closed(b"hello", opcode=WebSocket.TEXT), 4400)
        self.assertGreater(self.relay.metric('tickrelay_closed_total{reason="protocol_error"}'), before)

    def test_too_large_messages(self):
        self.assertEqual(self.closed(bytes(65 * 1024)), 4413)
        self.assertGreaterEqual(self.relay.metric('tickrelay_closed_total{reason="message_too_large"}'), 1)

    def test_what_may_not_come_before_or_after_a_join(self):
        join = {"mode": "ById", "room_id": "r", "player_id": "bob"}
        self.assertEqual(self.closed(message("Update", actions=[])), 4400)
        self.assertEqual(self.closed(message("Join", **join), join=join), 4400)
        self.assertEqual(self.closed(message("Update", ack={"tick": 4_000_000_000, "event": 0, "direct": 0}), join=join), 4400)
        until(lambda: self.relay.metric("tickrelay_connections") == 1)
        self.relay.call("player.kick", room_id="r", player_id="bob")

    def test_joins_that_lead_nowhere(self):
        self.assertEqual(self.closed(message("Join", mode="ById", room_id="nowhere")), 4404)
        self.assertEqual(self.closed(message("Join", mode="JoinOrCreate", type="nothing")), 4405)
        self.assertEqual(self.closed(message("Join", mode="Resume", room_id="r", session="stolen")), 4411)
        self.assertEqual(self.closed(message("Join", mode="ById", room_id="r", options="no json")), 4400)
        self.relay.call("room.update", room_id="r", locked=True)
        self.assertEqual(self.closed(message("Join", mode="ById", room_id="r")), 4423)
        self.relay.call("room.update", room_id="r", locked=False, max_players=1)
        self.assertEqual(self.closed(message("Join", mode="ById", room_id="r")), 4430)
        self.assertEqual(self.relay.metric('tickrelay_refused_total{reason="room_full"}'), 1)

    def test_half_a_handshake_and_silence_after_one(self):
        with WebSocket(self.relay.port, upgrade=False) as half:
            half.socket.sendall(b"GET /v1 HTTP/1.1\r\nHost: relay\r\nUpgr")
            with WebSocket(self.relay.port, upgrade=False) as other:
                self.assertFalse(other.upgrade(protocol="chat"))
            with WebSocket(self.relay.port) as silent:
                self.assertEqual(silent.until_closed(), 4408)

    def test_a_peer_that_closes_in_the_middle_of_a_message(self):
        for _ in range(20):
            with WebSocket(self.relay.port) as rude:
                rude.socket.sendall(b"\x82\xfe\x10\x00" + bytes(100))
        until(lambda: self.relay.metric("tickrelay_connections") == 1)


if __name__ == "__main__":
    run()
