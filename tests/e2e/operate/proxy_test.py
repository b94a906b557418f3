"""Behind a balancer: whose a connection is, told by a PROXY header, and believed from nobody else."""

import pathlib
import shutil
import signal
import socket
import subprocess
import tempfile
import unittest

from relay import PATIENCE_S, Relay, WebSocket, run, spoken, until

TRUSTS = 'trusted_proxies = ["127.0.0.1"]\n'
VERSION_2 = b"\r\n\r\n\0\r\nQUIT\n"
HAPROXY = shutil.which("haproxy") or shutil.which("haproxy", path="/usr/sbin:/sbin")


def version_2(address, extensions=b""):
    addresses = socket.inet_aton(address) + socket.inet_aton("127.0.0.1") + (40_000).to_bytes(2, "big") + (8350).to_bytes(2, "big")
    return VERSION_2 + b"\x21\x11" + (len(addresses) + len(extensions)).to_bytes(2, "big") + addresses + extensions


def address_of(relay, player_id, room_id):
    return next(player["address"] for player in relay.call("room.info", room_id=room_id)["players"] if player["player_id"] == player_id)


class Header(unittest.TestCase):
    def join(self, relay, first, name, **from_):
        player = WebSocket(relay.port, upgrade=False, first=first, **from_)
        self.assertTrue(player.upgrade(), first)
        self.assertTrue(player.join(mode="ById", room_id="arena", player_id=name))
        return player

    def test_tells_whose_the_connection_is(self):
        with Relay(TRUSTS) as relay:
            relay.call("room.spawn", type="relay", id="arena")
            kept = [self.join(relay, b"PROXY TCP4 192.0.2.7 127.0.0.1 40000 8350\r\n", "one"),
                    self.join(relay, b"PROXY TCP6 2001:db8::7 ::1 40000 8350\r\n", "six"),
                    self.join(relay, version_2("192.0.2.8"), "two"),
                    self.join(relay, version_2("192.0.2.9", b"\x04\x00\x02xx"), "more"),
                    self.join(relay, VERSION_2 + b"\x20\0\0\0", "itself"),
                    self.join(relay, b"", "other", source="127.0.0.2")]
            seen = {name: address_of(relay, name, "arena") for name in ("one", "six", "two", "more", "itself", "other")}
            self.assertEqual(seen, {"one": "192.0.2.7", "six": "2001:db8::7", "two": "192.0.2.8", "more": "192.0.2.9",
                                    "itself": "127.0.0.1", "other": "127.0.0.2"})
            self.assertEqual(len(kept), 6)

    def test_may_come_byte_by_byte_and_holds_up_nobody(self):
        with Relay(TRUSTS) as relay:
            relay.call("room.spawn", type="relay", id="arena")
            waiting = [socket.create_connection(("127.0.0.1", relay.port), PATIENCE_S) for _ in range(50)]  # and say nothing
            slow = WebSocket(relay.port, upgrade=False)
            slow.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            for byte in version_2("192.0.2.8"):
                slow.socket.sendall(bytes([byte]))
                with WebSocket(relay.port, upgrade=False, first=b"PROXY UNKNOWN\r\n") as quick:
                    self.assertTrue(quick.upgrade())
            self.assertTrue(slow.upgrade())
            self.assertTrue(slow.join(mode="ById", room_id="arena", player_id="slow"))
            self.assertEqual(address_of(relay, "slow", "arena"), "192.0.2.8")
            self.assertEqual(len(waiting), 50)

    def test_must_come_from_a_balancer_in_time_and_from_nobody_else(self):
        with Relay(TRUSTS + "[quota]\nhandshake_timeout = 1\n") as relay:
            self.assertFalse(WebSocket(relay.port, upgrade=False).upgrade(), "no header")
            until(lambda: relay.refused("proxy_header") == 1)
            silent = socket.create_connection(("127.0.0.1", relay.port), PATIENCE_S)
            half = socket.create_connection(("127.0.0.1", relay.port), PATIENCE_S)
            half.sendall(b"PROXY TCP4 192.0.")
            self.assertEqual((spoken(silent), spoken(half)), (b"", b""))
            until(lambda: relay.refused("proxy_header") == 3)
            ends = socket.create_connection(("127.0.0.1", relay.port), PATIENCE_S)
            ends.sendall(VERSION_2)
            ends.shutdown(socket.SHUT_WR)
            until(lambda: relay.refused("proxy_header") == 4)
            self.assertEqual(relay.refused("handshake"), 0)

    def test_is_refused_from_everybody_else(self):
        line = b"PROXY TCP4 192.0.2.7 127.0.0.1 40000 8350\r\n"
        with Relay('trusted_proxies = ["127.0.0.9"]\nloops = 1\n') as relay:
            for first in (line, b"PROXY UNKNOWN\r\n", version_2("192.0.2.8")):
                before = relay.refused("proxy_header")
                relay.process.send_signal(signal.SIGSTOP)  # so that it is there when the relay looks
                try:
                    until(lambda: all(task.joinpath("stat").read_text().rpartition(")")[2].split()[0] == "T"
                                      for task in pathlib.Path(f"/proc/{relay.process.pid}/task").iterdir()))
                    player = WebSocket(relay.port, upgrade=False, first=first)
                finally:
                    relay.process.send_signal(signal.SIGCONT)
                until(lambda: relay.refused("proxy_header") == before + 1)
                self.assertEqual(spoken(player.socket), b"", "closed without an answer")
            late = WebSocket(relay.port, upgrade=False)  # libwebsockets has it before the line comes
            self.assertTrue(WebSocket(relay.port, upgrade=False).upgrade(), "behind it, on the same loop")
            late.socket.sendall(line)
            self.assertFalse(late.upgrade())
            until(lambda: relay.refused("proxy_header") == 4)
            self.assertEqual(relay.refused("handshake"), 0)
            self.assertIn("trusted_proxies", relay.log_lines("proxy_header")[0])
            asks = socket.create_connection(("127.0.0.1", relay.port), PATIENCE_S)
            asks.sendall(line)
            asks.sendall(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
            self.assertNotIn(b"HTTP/1.1 200", spoken(asks))
            until(lambda: relay.refused("proxy_header") == 5)

    def test_what_says_nothing_and_goes_was_a_health_check(self):
        with Relay(TRUSTS) as relay:
            for _ in range(20):
                socket.create_connection(("127.0.0.1", relay.port), PATIENCE_S).close()
            with WebSocket(relay.port, upgrade=False, first=b"PROXY UNKNOWN\r\n") as last:
                self.assertTrue(last.upgrade())
            self.assertEqual((relay.refused("proxy_header"), relay.refused("handshake")), (0, 0))

    def test_limits_and_bans_are_of_the_true_address(self):
        with Relay(TRUSTS + "[quota]\nconnections_per_address = 2\n") as relay:
            def come(address):
                player = WebSocket(relay.port, upgrade=False, first=version_2(address))
                return player if player.upgrade() else None
            kept = [come("192.0.2.7"), come("192.0.2.7"), come("192.0.2.8")]
            self.assertTrue(all(kept))
            self.assertIsNone(come("192.0.2.7"))
            until(lambda: relay.refused("address_connections") == 1)
            self.assertIn("192.0.2.7", relay.log_lines("address_connections")[0])
            relay.call("address.ban", address="192.0.2.0/24", minutes=5)
            self.assertIsNone(come("192.0.2.9"))
            self.assertTrue(come("198.51.100.1"))

    def test_forwarded_for_is_not_believed(self):
        with Relay() as relay:
            relay.call("room.spawn", type="relay", id="arena")
            player = WebSocket(relay.port, upgrade=False)
            self.assertTrue(player.upgrade(origin="https://game.example\r\nX-Forwarded-For: 192.0.2.7"))
            self.assertTrue(player.join(mode="ById", room_id="arena", player_id="ada"))
            self.assertEqual(address_of(relay, "ada", "arena"), "127.0.0.1")


class Haproxy:
    """In front of a relay, by its process id until the `with` ends."""

    def __init__(self, relay, server):
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = free.getsockname()[1]
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="tickrelay-haproxy-"))
        config = self.folder / "haproxy.cfg"
        config.write_text(f"global\n  maxconn 200\ndefaults\n  mode tcp\n  timeout connect 5s\n  timeout client 60s\n  timeout server 60s\n"
                          f"listen players\n  bind 127.0.0.1:{self.port}\n{server.format(port=relay.port, ops=relay.ops_port)}\n")
        self.log = open(self.folder / "log", "wb")
        self.process = subprocess.Popen([HAPROXY, "-f", config, "-db"], stdout=self.log, stderr=self.log)

    def __enter__(self):
        until(self.listens)
        return self

    def listens(self):
        if self.process.poll() is not None:
            raise AssertionError((self.folder / "log").read_text())
        try:
            socket.create_connection(("127.0.0.1", self.port), 1).close()
            return True
        except OSError:
            return False

    def __exit__(self, *_):
        self.process.kill()
        self.process.wait()
        self.log.close()
        shutil.rmtree(self.folder, ignore_errors=True)


@unittest.skipUnless(HAPROXY, "haproxy is not installed: tools/packages test")
class BehindHaproxy(unittest.TestCase):
    def test_players_are_who_they_are_and_health_checks_are_nobody(self):
        for send in ("send-proxy-v2", "send-proxy"):
            with Relay(TRUSTS + "[quota]\nconnections_per_address = 2\n") as relay:
                server = f"  server relay 127.0.0.1:{{port}} {send} check inter 50ms"
                with Haproxy(relay, server) as haproxy:
                    relay.call("room.spawn", type="relay", id="arena")
                    players = [WebSocket(haproxy.port, source="127.0.0.5"), WebSocket(haproxy.port, source="127.0.0.5"),
                               WebSocket(haproxy.port, source="127.0.0.6")]
                    for number, player in enumerate(players):
                        self.assertTrue(player.join(mode="ById", room_id="arena", player_id=f"p{number}"))
                    self.assertEqual([address_of(relay, f"p{n}", "arena") for n in range(3)], ["127.0.0.5", "127.0.0.5", "127.0.0.6"])
                    self.assertFalse(WebSocket(haproxy.port, source="127.0.0.5", upgrade=False).upgrade(), "one too many")
                    until(lambda: relay.refused("address_connections") == 1)
                    self.assertEqual(relay.refused("proxy_header"), 0)
                    self.assertTrue(all(player.hears_more() for player in players))

    def test_a_draining_relay_gets_no_further_players(self):
        with Relay(TRUSTS) as relay:
            server = "  option httpchk GET /readyz\n  server relay 127.0.0.1:{port} send-proxy-v2 check port {ops} inter 50ms fall 1 rise 1"
            with Haproxy(relay, server) as haproxy:
                until(lambda: WebSocket(haproxy.port, upgrade=False).upgrade())
                relay.call("room.spawn", type="relay", id="arena")
                relay.call("relay.drain", deadline_s=60)
                until(lambda: not self.comes(haproxy))
                relay.call("relay.undrain")
                until(lambda: self.comes(haproxy))

    @staticmethod
    def comes(haproxy):
        try:
            return WebSocket(haproxy.port, upgrade=False).upgrade()
        except OSError:
            return False


if __name__ == "__main__":
    run()
