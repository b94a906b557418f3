"""The admin socket over TCP: by token, by certificate, by both, and nobody else."""

import contextlib
import json
import os
import socket
import ssl
import subprocess
import unittest

from certificates import Authority
from relay import Admin, Refused, run, until
from tls_test import Secured

CTL = os.environ.get("TICKRELAY_CTL")
TOKEN = "0123456789abcdef0123456789abcdef"


class Remote(Secured):
    def setUp(self):
        super().setUp()
        self.token = self.folder / "token"
        self.token.touch(0o600)
        self.token.write_text(TOKEN + "\n")
        self.server = self.folder / "arena.pem", self.folder / "arena.key"
        self.authority.issue(*self.server, name="arena-1")

    def relay(self, *keys):
        text = {"token_file": f'token_file = "{self.token}"\n', "client_ca": f'client_ca = "{self.authority.cert}"\n'}
        relay = self.start('[admin_tcp]\nlisten = "127.0.0.1:0"\n' + "".join(text[key] for key in keys))
        self.assertIn(f"tls://127.0.0.1:{relay.admin_port}", relay.banner)
        return relay

    def admin(self, relay, tls=None):
        admin = Admin(port=relay.admin_port, tls=tls or self.tls)
        self.addCleanup(admin.__exit__)
        return admin

    def shut_out(self, relay, tls):
        """A client's handshake of TLS 1.3 ends before the relay has looked at its certificate: the first answer says it."""
        with self.assertRaises((ssl.SSLError, ConnectionError, AssertionError)):
            self.admin(relay, tls).call("relay.info")


class Tokens(Remote):
    def test_let_in_and_are_named_in_the_log(self):
        relay = self.relay("token_file")
        admin = self.admin(relay)
        self.assertEqual(admin.call("auth", token=TOKEN), {})
        self.assertEqual(admin.call("relay.info")["admin_tcp"], f"127.0.0.1:{relay.admin_port}")
        admin.call("room.spawn", id="r")
        port = admin.socket.getsockname()[1]
        until(lambda: f'peer="addr=127.0.0.1:{port} token"' in relay.log())

    def test_that_are_wrong_or_missing_end_the_connection(self):
        relay = self.relay("token_file")
        for method, params in (("auth", {"token": TOKEN[:-1]}), ("auth", {"token": TOKEN + "0"}), ("auth", {"token": [TOKEN]}), ("auth", {}),
                               ("relay.info", {}), ("room.spawn", {"id": "r", "token": TOKEN})):
            admin = self.admin(relay)
            with self.assertRaises(Refused) as caught:
                admin.call(method, **params)
            self.assertEqual(caught.exception.reason, "unauthenticated")
            self.assertIsNone(admin.hear())
        admin = self.admin(relay)
        admin.say(b"[" * 5_000 + b"\n")
        self.assertEqual(admin.hear()["error"]["data"]["reason"], "too_large")
        self.assertIsNone(admin.hear())
        self.assertEqual(relay.call("room.list")["rooms"], [])
        self.assertIn("wrong token", relay.log())
        self.assertNotIn(TOKEN, relay.log())

    def test_that_are_replaced_count_at_once(self):
        relay = self.relay("token_file")
        self.token.write_text("f" * 40)
        with self.assertRaises(Refused):
            self.admin(relay).call("auth", token=TOKEN)
        self.admin(relay).call("auth", token="f" * 40)

    def test_are_waited_for_ten_seconds_and_by_few(self):
        relay = self.relay("token_file")
        strangers = [socket.create_connection(("127.0.0.1", relay.admin_port), 30) for _ in range(30)]
        for stranger in strangers:
            self.addCleanup(stranger.close)
        silent = self.admin(relay)
        self.admin(relay).call("auth", token=TOKEN)
        self.assertEqual(strangers[0].recv(1), b"", "the first of many goes for the last")
        self.assertIsNone(silent.hear())
        self.assertEqual(strangers[-1].recv(1), b"")

    def test_carry_long_lines_and_news(self):
        relay = self.relay("token_file")
        admin = self.admin(relay)
        admin.call("auth", token=TOKEN)
        admin.call("events.subscribe")
        relay.call("room.spawn", id="r", metadata={"text": "m" * 3_000})
        news = admin.hear()
        self.assertEqual((news["params"]["type"], news["params"]["room_id"]), ("room.spawned", "r"))
        lines = [json.dumps({"jsonrpc": "2.0", "id": i, "method": "room.info", "params": {"room_id": "r"}}) + " " * 20_000 for i in range(100)]
        admin.say(("\n".join(lines) + "\n").encode())
        self.assertEqual([admin.hear()["id"] for _ in range(100)], list(range(100)))
        with contextlib.suppress(OSError):  # it may end before it has read all of it
            admin.say(b"x" * 1_200_000 + b"\n")
        self.assertEqual(admin.hear()["error"]["data"]["reason"], "too_large")


class ClientCertificates(Remote):
    def test_let_in_and_are_named_in_the_log(self):
        relay = self.relay("client_ca")
        admin = self.admin(relay, self.authority.client(*self.server))
        self.assertEqual(admin.call("room.spawn", id="r")["room_id"], "r")
        until(lambda: "cert=CN=arena-1" in relay.log())

    def test_that_are_missing_or_by_others_keep_out(self):
        relay = self.relay("client_ca")
        self.shut_out(relay, self.tls)
        stranger, files = Authority(self.folder, "stranger"), (self.folder / "stranger-1.pem", self.folder / "stranger-1.key")
        stranger.issue(*files, name="arena-1")
        self.shut_out(relay, self.authority.client(*files))
        self.assertIn("admin connection refused", relay.log())
        self.admin(relay, self.authority.client(*self.server)).call("relay.info")

    def test_by_a_renewed_authority_alone_let_in(self):
        relay = self.relay("client_ca")
        known = self.authority.client(*self.server)
        self.admin(relay, known).call("relay.info")
        stranger = Authority(self.folder, "stranger")
        stranger.cert.rename(self.authority.cert)
        until(lambda: "certificate taken" in relay.log())
        with self.assertRaises((ssl.SSLError, ConnectionError, AssertionError)):
            admin = Admin(port=relay.admin_port, tls=known)
            self.addCleanup(admin.__exit__)
            admin.call("relay.info")

    def test_and_tokens_are_both_asked_for_where_both_are_configured(self):
        relay = self.relay("client_ca", "token_file")
        self.shut_out(relay, self.tls)
        known = self.authority.client(*self.server)
        with self.assertRaises(Refused):
            self.admin(relay, known).call("relay.info")
        admin = self.admin(relay, known)
        admin.call("auth", token=TOKEN)
        admin.call("room.spawn", id="r")
        until(lambda: 'cert=CN=arena-1 token"' in relay.log())


@unittest.skipUnless(CTL, "there is no tickrelayctl")
class Ctl(Remote):
    def ctl(self, relay, *words, host="127.0.0.1"):
        return subprocess.run([CTL, "--admin", f"tls://{host}:{relay.admin_port}", *map(str, words)], capture_output=True, text=True, timeout=60,
                              check=False)

    def test_comes_by_token(self):
        relay = self.relay("token_file")
        proof = ("--ca", self.authority.cert, "--token-file", self.token)
        done = self.ctl(relay, *proof, "--json", "info", host="localhost")
        self.assertEqual(json.loads(done.stdout)["listen"], f"127.0.0.1:{relay.port}", done.stderr)
        self.assertEqual(self.ctl(relay, *proof, "spawn", "--type", "relay", "--id", "r").returncode, 0)
        self.assertIn("r ", self.ctl(relay, *proof, "rooms").stdout)
        self.assertIn("players connect to wss://", self.ctl(relay, *proof, "doctor").stdout)

    def test_says_what_is_missing(self):
        relay = self.relay("token_file")
        without = self.ctl(relay, "--ca", self.authority.cert, "info")
        self.assertEqual(without.returncode, 1)
        self.assertIn("--token-file", without.stderr)
        untrusted = self.ctl(relay, "--token-file", self.token, "info")
        self.assertEqual(untrusted.returncode, 3)
        self.assertIn("--ca FILE", untrusted.stderr)
        other = Authority(self.folder, "stranger")
        self.assertEqual(self.ctl(relay, "--ca", other.cert, "--token-file", self.token, "info").returncode, 3)
        relay.close()
        gone = self.ctl(relay, "--ca", self.authority.cert, "info")
        self.assertEqual(gone.returncode, 3)
        self.assertIn("no relay answers", gone.stderr)

    def test_comes_by_certificate(self):
        relay = self.relay("client_ca")
        self.assertEqual(self.ctl(relay, "--ca", self.authority.cert, "--cert", self.server[0], "--key", self.server[1], "info").returncode, 0)
        without = self.ctl(relay, "--ca", self.authority.cert, "info")
        self.assertEqual(without.returncode, 3)
        self.assertIn("--cert FILE", without.stderr)


if __name__ == "__main__":
    run()
