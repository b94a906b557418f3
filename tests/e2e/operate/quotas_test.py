"""What a relay does with those who want more than their share, and what they are told."""

import signal
import socket
import threading
import time
import unittest

from relay import PATIENCE_S, Refused, Relay, WebSocket, Witness, arena_bfbs, message, run, spoken, until

QUOTA = "[quota]\n"


def raw(port, source="127.0.0.1"):
    return socket.create_connection(("127.0.0.1", port), PATIENCE_S, (source, 0))


def say(seq, count=1, type_="chat"):
    actions = [{"kind": "Message", "seq": seq + i, "type": type_, "audience": "All"} for i in range(count)]
    return message("Update", actions=actions)


class Connections(unittest.TestCase):
    def test_an_address_has_so_many_and_a_flood_of_refusals_is_one_line_in_the_log(self):
        with Relay(QUOTA + "connections_per_address = 3\n") as relay:
            kept = [raw(relay.port) for _ in range(3)]
            answers = [spoken(raw(relay.port)) for _ in range(40)]
            self.assertTrue(any(answer.startswith(b"HTTP/1.1 503") for answer in answers), answers)
            until(lambda: relay.refused("address_connections") == 40)
            self.assertEqual(len(relay.log_lines("address_connections")), 1, relay.log())
            self.assertIn("127.0.0.1", relay.log_lines("address_connections")[0])
            other = WebSocket(relay.port, source="127.0.0.2")
            self.assertTrue(other.join(mode="JoinOrCreate", type="chat"))
            kept.pop().close()
            until(lambda: WebSocket(relay.port, upgrade=False).upgrade())

    def test_the_relay_has_so_many_in_all(self):
        with Relay(QUOTA + "connections = 2\n") as relay:
            kept = [raw(relay.port), raw(relay.port, "127.0.0.2")]
            spoken(raw(relay.port, "127.0.0.3"))
            until(lambda: relay.refused("connections") == 1)
            self.assertEqual(len(kept), 2)

    def test_an_address_may_come_so_often(self):
        with Relay(QUOTA + "connections_per_s_per_address = 5\n") as relay:
            for _ in range(60):
                raw(relay.port).close()
            until(lambda: relay.refused("address_rate") > 20)
            self.assertTrue(relay.player_from("127.0.0.2", mode="JoinOrCreate", type="chat").hears_more())

    def test_a_handshake_and_a_first_message_have_their_time(self):
        with Relay(QUOTA + "handshake_timeout = 1\nfirst_message_timeout = 0.5\n") as relay:
            silent, slow = raw(relay.port), raw(relay.port)
            slow.sendall(b"GET /v1 HTTP/1.1\r\nHost: relay\r\n")
            idle = WebSocket(relay.port)
            self.assertEqual(idle.until_closed(), 4408)
            self.assertEqual(idle.close_reason, "join_timeout: no Join came")
            self.assertEqual(spoken(silent), b"")
            spoken(slow)
            until(lambda: relay.refused("handshake") == 2 and relay.refused("join_timeout") == 1)

    def test_what_was_reloaded_counts_for_the_next(self):
        with Relay(QUOTA + "connections_per_address = 100\n") as relay:
            kept = [raw(relay.port)]
            relay.config.write_text(QUOTA + "connections_per_address = 1\nmessages_per_s = 1000\n")
            relay.process.send_signal(signal.SIGHUP)
            until(lambda: relay.log_lines("configuration reloaded"))
            kept.append(raw(relay.port))
            until(lambda: relay.refused("address_connections") == 1)
            self.assertEqual(len(kept), 2)


class Origins(unittest.TestCase):
    def test_another_page_is_answered_403_and_programs_may_come(self):
        config = 'allowed_origins = ["https://game.example", "https://*.games.example"]\n'
        with Relay(config) as relay:
            for origin, good in ((None, True), ("https://game.example", True), ("https://eu.games.example", True),
                                 ("https://evil.example", False), ("null", False), ("https://" + "x" * 600, False)):
                player = WebSocket(relay.port, upgrade=False)
                self.assertEqual(player.upgrade(origin=origin), good, origin)
                if not good:
                    self.assertTrue(player.answer.startswith("HTTP/1.1 403"), player.answer)
                    self.assertIn(b"allowed_origins", player.bytes.read())
            until(lambda: relay.refused("origin") == 3)
            self.assertEqual(relay.refused("handshake"), 0)

    def test_programs_need_one_where_it_is_required(self):
        with Relay("require_origin = true\n") as relay:
            self.assertFalse(WebSocket(relay.port, upgrade=False).upgrade())
            self.assertTrue(WebSocket(relay.port, upgrade=False).upgrade(origin="https://any.example"))


class Messages(unittest.TestCase):
    def test_who_sends_too_many_is_read_more_slowly_and_loses_nothing(self):
        with Relay(QUOTA + "messages_per_s = 200\nevents_per_s = 0\n") as relay:
            flooder = relay.player(mode="JoinOrCreate", type="chat", player_id="flooder")
            other = relay.player(mode="JoinOrCreate", type="chat", player_id="other")
            witness = Witness(other)
            acks = Witness(flooder)
            began = time.monotonic()
            for seq in range(1, 1001):
                flooder.send(say_fast(seq))
            until(lambda: relay.metric('tickrelay_messages_received_total{kind="message"}') == 1000)
            self.assertGreater(time.monotonic() - began, 2.5, "600 above the burst, at 200 a second")
            self.assertGreater(relay.metric("tickrelay_throttled_total"), 0)
            self.assertIsNone(flooder.close_code)
            before = witness.frames
            until(lambda: witness.frames > before)
            self.assertGreater(acks.frames, 0)

    def test_a_flood_of_pings_ends_where_it_cannot_be_slowed(self):
        with Relay(QUOTA + "bytes_per_s = 16384\n") as relay:
            flooder = relay.player(mode="JoinOrCreate", type="chat")
            frame = (bytes([0x89, 0x80 | 125]) + bytes(4 + 125)) * 100
            stop = threading.Event()

            def flood():
                try:
                    while not stop.is_set():
                        flooder.socket.sendall(frame)
                except OSError:
                    pass

            thread = threading.Thread(target=flood)
            thread.start()
            try:
                flooder.until_closed()
                until(lambda: relay.refused("rate_limit") == 1)
            finally:
                stop.set()
                flooder.socket.shutdown(socket.SHUT_RDWR)
                thread.join()

    def test_a_message_has_so_many_bytes(self):
        with Relay(QUOTA + "message_bytes = 2048\n") as relay:
            player = relay.player(mode="JoinOrCreate", type="chat")
            player.send(bytes(2049))
            self.assertEqual(player.until_closed(), 4413)
            until(lambda: relay.refused("message_too_large") == 1)

    def test_joins_of_an_address_are_counted(self):
        with Relay(QUOTA + "joins_per_s_per_address = 2\n") as relay:
            codes = set()
            for _ in range(10):
                player = WebSocket(relay.port)
                if not player.join(mode="JoinOrCreate", type="chat"):
                    codes.add((player.close_code, player.close_reason))
            self.assertEqual(codes, {(4429, "rate_limit: too many joins from this address")})
            until(lambda: relay.refused("rate_limit") >= 4)

    def test_a_player_may_say_so_much_to_others(self):
        with Relay(QUOTA + "events_per_s = 10\n") as relay:
            player = relay.player(mode="JoinOrCreate", type="chat")
            player.send(say(1, 60))
            heard = b""
            while b"too_many_messages" not in heard:
                frame = player.read()
                self.assertIsNotNone(frame, (player.close_code, player.close_reason))
                heard = frame
            self.assertIsNone(player.close_code)


FAST = {}


def say_fast(seq):
    """As say(seq), without flatc each time: the number is the one place where two messages differ."""
    if not FAST:
        FAST["text"], FAST["mark"] = say(0x01020304), (0x01020304).to_bytes(4, "little")
        assert FAST["text"].count(FAST["mark"]) == 1
    return FAST["text"].replace(FAST["mark"], seq.to_bytes(4, "little"))


class Rooms(unittest.TestCase):
    def test_a_type_has_so_many_rooms_and_a_player_so_many_entities(self):
        config = QUOTA + "rooms_per_type = 2\nentities_per_player = 3\n[type.arena]\nmax_rooms = 1\n"
        with Relay(config) as relay:
            for type_, count in (("relay", 2), ("arena", 1)):
                for n in range(count):
                    relay.call("room.spawn", type=type_, id=f"{type_}-{n}", schema=arena_bfbs())
                with self.assertRaises(Refused) as refused:
                    relay.call("room.spawn", type=type_)
                self.assertEqual(refused.exception.reason, "too_many_rooms")
            self.assertEqual(relay.call("room.spawn", type="arena", id="arena-0", schema=arena_bfbs())["room_id"], "arena-0")
            self.assertEqual(relay.call("room.info", room_id="relay-0")["settings"]["entities_per_player"], 3)
            late = WebSocket(relay.port)
            self.assertFalse(late.join(mode="Create", type="arena"))
            self.assertEqual(late.close_code, 4005)


class Floods(unittest.TestCase):
    def test_of_connections_leave_those_who_play_alone(self):
        with Relay(QUOTA + "connections_per_address = 200\nconnections_per_s_per_address = 100\n") as relay:
            witness = Witness(relay.player_from("127.0.0.9", mode="JoinOrCreate", type="demo"))
            until(lambda: witness.frames > 5)
            stop, connects = threading.Event(), [0, 0]

            def flood(which):
                held = []
                while not stop.is_set():
                    try:
                        connection = raw(relay.port)
                        connects[which] += 1
                        if which == 0:
                            connection.close()
                            continue
                        connection.sendall(b"GET /v1 HTTP/1.1\r\nHo")  # and never more
                        held.append(connection)
                        if len(held) > 300:
                            held.pop(0).close()
                    except OSError:
                        time.sleep(0.01)
                for connection in held:
                    connection.close()

            threads = [threading.Thread(target=flood, args=(which,)) for which in (0, 1)]
            for thread in threads:
                thread.start()
            try:
                until(lambda: min(connects) > 500)
                before = witness.frames
                until(lambda: witness.frames > before + 20)
                self.assertIsNone(witness.socket.close_code)
                self.assertTrue(relay.player_from("127.0.0.8", mode="JoinOrCreate", type="demo").hears_more(), "others come in meanwhile")
            finally:
                stop.set()
                for thread in threads:
                    thread.join()
            self.assertGreater(relay.refused("address_rate"), 100)


if __name__ == "__main__":
    run()
