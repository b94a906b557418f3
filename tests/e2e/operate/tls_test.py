"""TLS for players and operations: playing, resuming, renewed certificates, and configurations that do not start."""

import contextlib
import pathlib
import shutil
import signal
import socket
import ssl
import subprocess
import tempfile
import unittest

from certificates import Authority
from relay import PROGRAM, Relay, WebSocket, Witness, run, until
from process_test import QUIET


class Secured(unittest.TestCase):
    """An authority, a certificate for the relay, and a folder for both."""

    def setUp(self):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="tickrelay-tls-"))
        self.addCleanup(shutil.rmtree, self.folder, ignore_errors=True)
        self.authority = Authority(self.folder)
        self.cert, self.key = self.folder / "relay.pem", self.folder / "relay.key"
        self.authority.issue(self.cert, self.key)
        self.tls = self.authority.client()

    def start(self, config="", arguments=("--dev",)):
        relay = Relay(f'auth = "none"\nloops = 2\n[tls]\ncert = "{self.cert}"\nkey = "{self.key}"\n{config}', arguments, tls=self.tls)
        self.addCleanup(relay.close)
        return relay

    def serial(self, relay):
        with socket.create_connection(("127.0.0.1", relay.port), 30) as plain, \
                self.tls.wrap_socket(plain, server_hostname="127.0.0.1") as secured:
            return int(secured.getpeercert()["serialNumber"], 16)


class Players(Secured):
    def test_play_over_tls_and_are_told_its_url(self):
        relay = self.start()
        url = f"wss://127.0.0.1:{relay.port}/v1"
        self.assertIn(url, relay.banner)
        self.assertEqual(relay.call("relay.info")["url"], url)
        self.assertEqual(relay.call("room.spawn", id="r", type="demo")["url"], url)
        self.assertEqual(relay.call("ticket.issue", room_id="r", player_id="ada")["url"], url)
        player = relay.player(mode="ById", room_id="r", player_id="ada")
        self.addCleanup(player.socket.close)
        witness = Witness(player)
        until(lambda: witness.frames > 30)  # each frame as it was framed: the next is found where the one before ends
        self.assertEqual(relay.call("room.info", room_id="r")["players"][0]["player_id"], "ada")

    def test_resume_their_tls_session_on_another_loop(self):
        relay = self.start()
        session = None
        for i in range(6):
            with WebSocket(relay.port, tls=self.tls, session=session) as player:
                self.assertEqual(player.socket.session_reused, i > 0, i)
                self.assertTrue(player.join(mode="JoinOrCreate", type="relay", player_id=f"p{i}"))
                session = player.socket.session
        until(lambda: relay.metric('tickrelay_tls_handshakes_total{result="resumed"}') == 5)
        self.assertEqual(relay.metric('tickrelay_tls_handshakes_total{result="full"}'), 1)

    def test_with_tls_older_than_1_2_or_none_are_refused(self):
        relay = self.start()
        old = self.authority.client()
        old.minimum_version, old.maximum_version = ssl.TLSVersion.TLSv1, ssl.TLSVersion.TLSv1_1
        old.set_ciphers("DEFAULT@SECLEVEL=0")
        with self.assertRaises((ssl.SSLError, ConnectionError)):
            WebSocket(relay.port, tls=old)
        with socket.create_connection(("127.0.0.1", relay.port), 30) as plain:
            plain.sendall(b"GET /v1 HTTP/1.1\r\n\r\n")
            with contextlib.suppress(ConnectionError):
                self.assertFalse(plain.recv(100).startswith(b"HTTP"))

    def test_of_1_2_are_refused_where_1_3_is_asked_for(self):
        relay = self.start('min_version = "1.3"\n')
        old = self.authority.client()
        old.maximum_version = ssl.TLSVersion.TLSv1_2
        with self.assertRaises((ssl.SSLError, ConnectionError)):
            WebSocket(relay.port, tls=old)
        with WebSocket(relay.port, tls=self.tls) as player:
            self.assertEqual(player.socket.version(), "TLSv1.3")

    def test_in_clear_and_over_tls_meet_where_both_are_listened_for(self):
        relay = self.start('listen = "127.0.0.1:0"\n', arguments=())
        listens = relay.call("relay.info")["listen"]
        relay.call("room.spawn", id="r", type="relay")
        with WebSocket(int(listens.rpartition(":")[2])) as plain, WebSocket(relay.port, tls=self.tls) as secured:
            self.assertTrue(plain.join(mode="ById", room_id="r", player_id="ada"))
            self.assertTrue(secured.join(mode="ById", room_id="r", player_id="bob"))
            self.assertEqual(len(relay.call("room.info", room_id="r")["players"]), 2)


class Certificates(Secured):
    def setUp(self):
        super().setUp()
        self.relay = self.start()
        self.relay.call("room.spawn", id="r", type="demo")
        player = self.relay.player(mode="ById", room_id="r", player_id="ada")
        self.addCleanup(player.socket.close)
        self.witness = Witness(player)
        until(lambda: self.witness.frames > 0)

    def goes_on(self):
        frames = self.witness.frames
        until(lambda: self.witness.frames > frames + 5)

    def test_renewed_are_taken_by_themselves_and_drop_nobody(self):
        expires = self.relay.metric("tickrelay_tls_certificate_expiry_seconds")
        self.authority.issue(self.cert, self.key)
        until(lambda: self.serial(self.relay) == 2)
        self.goes_on()
        until(lambda: self.relay.metric("tickrelay_tls_certificate_expiry_seconds") > expires + 80_000)
        self.assertIn("certificate taken", self.relay.log())

    def test_elsewhere_are_taken_on_sighup(self):
        other = self.folder / "other.pem", self.folder / "other.key"
        self.authority.issue(*other)
        text = self.relay.config.read_text()
        self.relay.config.write_text(text.replace(str(self.cert), str(other[0])).replace(str(self.key), str(other[1])))
        self.relay.process.send_signal(signal.SIGHUP)
        until(lambda: self.serial(self.relay) == 2)
        self.goes_on()

    def test_that_are_broken_leave_the_old_ones_and_say_so(self):
        whole = self.cert.read_text()
        self.cert.write_text(whole[:200])
        until(lambda: "certificate refused, the old one stays" in self.relay.log())
        self.assertIn(str(self.cert), self.relay.log())
        self.assertEqual(self.serial(self.relay), 1)
        self.relay.process.send_signal(signal.SIGHUP)
        until(lambda: self.relay.log().count("certificate refused") >= 2)
        self.assertEqual(self.serial(self.relay), 1)
        self.authority.issue(self.cert, self.key)
        until(lambda: self.serial(self.relay) == 2)
        self.goes_on()


class Operations(Secured):
    def test_are_served_over_tls(self):
        relay = self.start("[ops]\ntls = true\n")
        self.assertIn(f"https://127.0.0.1:{relay.ops_port}/dashboard", relay.banner)
        for path in ("/healthz", "/readyz", "/metrics", "/dashboard"):
            self.assertEqual(relay.get(path)[0], 200, path)
        self.assertGreater(relay.metric("tickrelay_tls_certificate_expiry_seconds"), 1e9)

    def test_ask_for_a_certificate_where_they_should(self):
        operator = self.folder / "operator.pem", self.folder / "operator.key"
        self.authority.issue(*operator, name="operator")
        relay = self.start(f'[ops]\ntls = true\nclient_ca = "{self.authority.cert}"\n')
        with self.assertRaises((ssl.SSLError, ConnectionError)):
            relay.get("/healthz")
        relay.tls = self.authority.client(*operator)
        self.assertEqual(relay.get("/healthz")[0], 200)
        stranger = Authority(self.folder, "stranger")
        stranger.issue(*operator, name="operator")
        relay.tls = self.authority.client(*operator)
        with self.assertRaises((ssl.SSLError, ConnectionError)):
            relay.get("/healthz")


class Configuration(Secured):
    def refused(self, text, *expected):
        path = self.folder / "relay.toml"
        path.write_text(text)
        for check in (["--check-config"], []):
            done = subprocess.run([PROGRAM, "--config", path, "--listen", "127.0.0.1:0", "--admin", self.folder / "admin.sock", *check], env=QUIET,
                                  capture_output=True, text=True, timeout=30, check=False)
            self.assertEqual(done.returncode, 1, done.stdout)
            for words in expected:
                self.assertIn(words, done.stderr)

    def secured(self, cert=None, key=None, more=""):
        return f'auth = "none"\n[tls]\ncert = "{cert or self.cert}"\nkey = "{key or self.key}"\n{more}'

    def test_with_bad_files_is_refused_by_their_name(self):
        missing = self.folder / "missing.pem"
        self.refused(self.secured(cert=missing), f"[tls] cert {missing}: No such file")
        self.refused(self.secured(key=missing), f"[tls] key {missing}: No such file")
        self.refused(f'auth = "none"\n[tls]\ncert = "{self.cert}"\n', "[tls] key is missing: write key =")
        other = self.folder / "other.pem", self.folder / "other.key"
        self.authority.issue(*other)
        self.refused(self.secured(key=other[1]), str(self.cert), str(other[1]), "do not belong together")
        self.refused(self.secured(cert=self.key), f"{self.key}: no certificate in it")
        other[1].chmod(0o644)
        self.refused(self.secured(*other), f"chmod 600 {other[1]}")
        self.refused(self.secured(more=f'[ops]\ntls = true\nclient_ca = "{self.key}"\n'), f"[tls] client_ca {self.key}: no certificate in it")

    def test_that_lets_strangers_act_is_refused_with_the_line_that_mends_it(self):
        self.refused('auth = "none"\nops_listen = "0.0.0.0:0"\n[ops]\nactions = "always"\n', 'actions = "loopback"', "tls = true")
        self.refused('auth = "none"\n[admin_tcp]\nlisten = "127.0.0.1:0"\n', "no certificate", 'cert = "')
        self.refused(self.secured(more='[admin_tcp]\nlisten = "127.0.0.1:0"\n'), "would answer anyone", "client_ca = ", "openssl rand -hex 32")
        token = self.folder / "token"
        with_token = self.secured(more=f'[admin_tcp]\nlisten = "127.0.0.1:0"\ntoken_file = "{token}"\n')
        self.refused(with_token, str(token), "openssl rand -hex 32")
        token.write_text("short\n")
        token.chmod(0o644)
        self.refused(with_token, f"chmod 600 {token}")
        token.chmod(0o600)
        self.refused(with_token, "its line has 5 characters, it takes 32")
        self.refused('auth = "none"\n[tls]\nlisten = "127.0.0.1:0"\n', "[tls] listen has no certificate")

    def test_that_is_in_clear_on_a_network_is_warned_of(self):
        path, key = self.folder / "relay.toml", self.folder / "ticket.key"
        key.write_text("a-secret-of-more-than-thirty-two-bytes\n")
        key.chmod(0o600)
        for url, warns in (("", True), ("wss://play.example/v1", False)):
            path.write_text(f'ticket_key = "file:{key}"\npublic_url = "{url}"\n')
            done = subprocess.run([PROGRAM, "--config", path, "--check-config"], env=QUIET, capture_output=True, text=True, timeout=30, check=False)
            self.assertEqual(done.returncode, 0)
            self.assertEqual("warning: players reach 0.0.0.0:8350 in clear" in done.stdout, warns, done.stdout)
            self.assertTrue(done.stdout.endswith("the configuration is good\n"))


if __name__ == "__main__":
    run()
