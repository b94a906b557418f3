"""Signed tickets, as match servers make them, and what becomes of everything else that calls itself one."""

import base64
import hashlib
import hmac
import json
import os
import pathlib
import re
import resource
import signal
import subprocess
import tempfile
import threading
import time
import unittest

from relay import Refused, Relay, WebSocket, message, run, until

ROOT = pathlib.Path(__file__).resolve().parents[3]
CTL = os.environ.get("TICKRELAY_CTL")
ROOMS = "[type.relay]\nempty_ttl_s = 0\n"


def readme():
    """The names that README's example defines: b64 and ticket."""
    section = (ROOT / "README.md").read_text().split("## Tickets", 1)[1]
    example = re.search(r"```python\n(.*?)```", section, re.DOTALL)[1]
    names = {}
    exec("\n".join(line for line in example.splitlines() if not line.startswith(("key =", "print"))), names)
    return names


b64, ticket = (readme()[name] for name in ("b64", "ticket"))


class Es256:
    """A key pair, and tokens signed by OpenSSL's own program: another implementation than the relay's."""

    def __init__(self, folder):
        self.private, self.public = folder / "private.pem", folder / "public.pem"
        self.run("ecparam", "-name", "prime256v1", "-genkey", "-noout", "-out", self.private)
        self.run("ec", "-in", self.private, "-pubout", "-out", self.public)

    @staticmethod
    def run(*arguments, data=None):
        return subprocess.run(["openssl", *arguments], input=data, check=True, capture_output=True).stdout

    def sign(self, text):
        der = self.run("dgst", "-sha256", "-sign", self.private, data=text)
        numbers, at = [], 2
        for _ in range(2):
            size = der[at + 1]
            numbers.append(int.from_bytes(der[at + 2:at + 2 + size], "big").to_bytes(32, "big"))
            at += 2 + size
        return b"".join(numbers)

    def ticket(self, room, player, kid="es", **claims):
        body = {"room": room, "sub": player, "exp": int(time.time()) + 60, **claims}
        text = b64(json.dumps({"alg": "ES256", "kid": kid}).encode()) + b"." + b64(json.dumps(body).encode())
        return (text + b"." + b64(self.sign(text))).decode()


class Base(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory(prefix="tickrelay-keys-")
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name)
        self.secret = self.key("ticket.key")

    def key(self, name):
        secret = base64.b64encode(os.urandom(48))
        (self.folder / name).write_bytes(secret + b"\n")
        return secret

    def start(self, config, rooms=("a", "b"), **arguments):
        relay = Relay(config + ROOMS, arguments=(), **arguments)
        self.addCleanup(relay.close)
        for room in rooms:
            relay.call("room.spawn", id=room)
        return relay

    def short_form(self):
        return f'ticket_key = "file:{self.folder}/ticket.key"\n'

    @staticmethod
    def outcome(relay, text, room="a", **join):
        """0, or the reason of the close: code, label of the fault."""
        with WebSocket(relay.port) as player:
            if player.join(mode="ById", room_id=room, ticket=text, **join):
                return 0
            label = re.match(r"\w+: (\w+)", player.close_reason)
            return player.close_code, label[1] if label else player.close_reason


class Tickets(Base):
    def test_of_the_readme_take_a_seat_in_their_room(self):
        relay = self.start(self.short_form())
        self.assertEqual(self.outcome(relay, ticket(self.secret, "a", "ada")), 0)
        self.assertEqual(relay.call("room.info", room_id="a")["players"][0]["player_id"], "ada")
        self.assertEqual(self.outcome(relay, ticket(self.secret, "a", "ada", role="spectator", jti="1")), (4403, "this"))
        self.assertEqual(self.outcome(relay, ticket(self.secret, "a", "judge", role="authority"), role="Player"), 0)

    def test_that_are_not_good_are_refused_by_their_fault(self):
        es = Es256(self.folder)
        relay = self.start(f'[tickets]\nkeys = ["file:{self.folder}/ticket.key", "es=file:{es.public}"]\n'
                           'audience = "game"\nissuer = "us"\nleeway = 2\n')
        now = int(time.time())
        good = {"aud": ["game", "else"], "iss": "us"}

        def hs(key=self.secret, room="a", **claims):
            return ticket(key, room, "ada", **{**good, **claims})

        head, body, signature = hs().split(".")
        confused = b64(b'{"alg":"HS256","kid":"es"}') + b"." + body.encode()
        wrong = {
            "ticket_missing": [""],
            "ticket_malformed": ["x", "a.b.c", hs() + ".x", hs() + "=", "x" * 5000, hs(exp="soon"), hs(role="king"), hs(seat=0)],
            "ticket_algorithm": [f"{b64(b'{}').decode()}.{body}.", f"{b64(json.dumps({'alg': 'none'}).encode()).decode()}.{body}.",
                                 f"{b64(json.dumps({'alg': 'HS512'}).encode()).decode()}.{body}.{signature}",
                                 self.signed(es.public.read_bytes(), confused), self.signed(self.secret, confused)],
            "ticket_unknown_key": [es.ticket("a", "ada", kid="other", **good)],
            "ticket_bad_signature": [hs(b"another"), f"{head}.{body}.", f"{head}.{b64(b'{}').decode()}.{signature}",
                                     es.ticket("a", "ada", **good)[:-86] + "A" * 86],
            "ticket_not_yet_valid": [hs(nbf=now + 60), hs(iat=now + 60)],
            "ticket_expired": [hs(exp=now - 60)],
            "ticket_wrong_issuer": [hs(iss="them")],
            "ticket_wrong_audience": [hs(aud="games")],
            "ticket_wrong_room": [hs(room="b")],
            "ticket_wrong_seat": [hs(seat=5)],
        }
        for fault, texts in wrong.items():
            for text in texts:
                self.assertEqual(self.outcome(relay, text), (4401, fault), text[:60])
            self.assertEqual(relay.metric(f'tickrelay_refused_total{{reason="{fault}"}}'), len(texts), fault)
        self.assertEqual(relay.metric('tickrelay_refused_total{reason="bad_ticket"}'), 0)
        self.assertEqual(relay.metric('tickrelay_closed_total{reason="bad_ticket"}'), sum(map(len, wrong.values())))
        self.assertEqual(self.outcome(relay, hs()), 0)
        self.assertEqual(self.outcome(relay, es.ticket("a", "ada", **good)), 0)
        self.assertEqual(self.outcome(relay, hs(exp=time.time() + 60.5, nbf=now - 1, iat=now)), 0)
        relay.close()
        self.assertNotIn(body, relay.last_log)
        self.assertNotIn(self.secret.decode(), relay.last_log)

    @staticmethod
    def signed(secret, text):
        return (text + b"." + b64(hmac.new(secret, text, hashlib.sha256).digest())).decode()

    def test_with_an_id_are_good_once_however_many_come_at_a_time(self):
        relay = self.start(self.short_form())
        text = ticket(self.secret, "a", "ada", jti="once")
        outcomes = []
        players = [WebSocket(relay.port) for _ in range(20)]
        for player in players:
            self.addCleanup(player.close)
        join = message("Join", mode="ById", room_id="a", ticket=text)
        start = threading.Barrier(len(players))

        def come(player):
            start.wait()
            player.send(join)
            outcomes.append(0 if (answer := player.read()) is not None and answer[4:8] == b"TRM1" else player.close_reason.split(",")[0])

        threads = [threading.Thread(target=come, args=(player,)) for player in players]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        self.assertEqual(sorted(map(str, outcomes)), ["0"] + ["bad_ticket: ticket_spent"] * 19)
        self.assertEqual(self.outcome(relay, ticket(self.secret, "a", "bob")), 0)
        self.assertEqual(self.outcome(relay, ticket(self.secret, "b", "ada", jti="once"), room="b"), 0, "another room's")
        self.assertEqual(self.outcome(relay, ticket(self.secret, "b", "ada"), room=""), 0, "the ticket names the room")

    def test_are_not_spent_by_a_join_that_is_refused(self):
        relay = self.start(self.short_form(), rooms=())
        relay.call("room.spawn", id="a", max_players=1)
        once = ticket(self.secret, "a", "bob", jti="once")
        with relay.player(mode="ById", room_id="a", ticket=ticket(self.secret, "a", "ada")):
            self.assertEqual(self.outcome(relay, once)[0], 4430)
            relay.call("player.kick", room_id="a", player_id="ada")
        self.assertEqual(self.outcome(relay, once), 0)
        self.assertEqual(self.outcome(relay, once), (4401, "ticket_spent"))

    def test_of_the_relay_outlive_its_restart(self):
        environment = {"TICKRELAY_TEST_SECRET": self.secret.decode()}
        config = 'ticket_key = "env:TICKRELAY_TEST_SECRET"\n'
        first = self.start(config, environment=environment)
        issued = first.call("ticket.issue", room_id="a", player_id="ada", ttl_s=600)["ticket"]
        again = first.call("ticket.issue", room_id="a", player_id="ada", ttl_s=600, single_use=False)["ticket"]
        first.close()
        second = self.start(config, environment=environment)
        self.assertEqual(self.outcome(second, issued), 0)
        self.assertEqual(self.outcome(second, issued), (4401, "ticket_spent"))
        for _ in range(2):
            self.assertEqual(self.outcome(second, again), 0)
        seat = second.call("ticket.issue", room_id="a", player_id="ada", seat=1)["ticket"]
        self.assertEqual(self.outcome(second, seat), 0)
        if CTL:
            made = subprocess.run([CTL, "--admin", second.admin_path, "--json", "ticket", "b", "eve"], capture_output=True, check=True)
            self.assertEqual(self.outcome(second, json.loads(made.stdout)["ticket"], room="b"), 0)

    def test_are_not_issued_where_all_keys_are_public(self):
        es = Es256(self.folder)
        relay = self.start(f'ticket_key = "file:{es.public}"\n')
        with self.assertRaises(Refused) as caught:
            relay.call("ticket.issue", room_id="a", player_id="ada")
        self.assertEqual(caught.exception.reason, "no_signing_key")
        self.assertEqual(self.outcome(relay, es.ticket("a", "ada", kid="")), 0)
        private = self.start(f'[tickets]\nkeys = ["es=file:{es.private}"]\n')
        issued = private.call("ticket.issue", room_id="a", player_id="ada")["ticket"]
        self.assertEqual(self.outcome(private, issued), 0)

    def test_a_second_tab_replaces_the_first(self):
        relay = self.start(self.short_form())
        text = ticket(self.secret, "a", "ada")
        with relay.player(mode="ById", room_id="a", ticket=text) as first:
            with relay.player(mode="ById", room_id="a", ticket=text):
                self.assertEqual(first.until_closed(), 4409)
                self.assertEqual(relay.metric("tickrelay_players"), 1)


class Rotation(Base):
    def reload(self, relay, keys, expected):
        relay.config.write_text(f"[tickets]\nkeys = {json.dumps(keys)}\n" + ROOMS)
        before = relay.log().count(expected)
        relay.process.send_signal(signal.SIGHUP)
        until(lambda: relay.log().count(expected) > before)

    def test_goes_by_sighup_with_both_keys_for_a_while(self):
        new = self.key("new.key")
        one, two = f"1=file:{self.folder}/ticket.key", f"2=file:{self.folder}/new.key"
        relay = self.start(f'[tickets]\nkeys = ["{one}"]\n')

        def takes(key, kid):
            body = {"room": "a", "sub": "ada", "exp": int(time.time()) + 60}
            text = b64(json.dumps({"alg": "HS256", "kid": kid}).encode()) + b"." + b64(json.dumps(body).encode())
            return self.outcome(relay, Tickets.signed(key, text)) == 0

        issued = relay.call("ticket.issue", room_id="a", player_id="ada", single_use=False)["ticket"]
        self.assertEqual((takes(self.secret, "1"), takes(new, "2")), (True, False))
        self.reload(relay, [two, one], "configuration reloaded")
        self.assertEqual((takes(self.secret, "1"), takes(new, "2"), self.outcome(relay, issued)), (True, True, 0))
        self.reload(relay, [two], "configuration reloaded")
        self.assertEqual((takes(self.secret, "1"), takes(new, "2")), (False, True))
        self.assertEqual(self.outcome(relay, issued), (4401, "ticket_unknown_key"))
        # The same name, another file's content: SIGHUP alone takes it up.
        newest = self.key("new.key")
        self.reload(relay, [two], "configuration reloaded")
        self.assertEqual((takes(new, "2"), takes(newest, "2")), (False, True))
        # What is no key changes nothing, and says so.
        for bad in (b"short", b"-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----\n"):
            (self.folder / "new.key").write_bytes(bad)
            self.reload(relay, [two], "reload refused, the old configuration stays")
            self.assertTrue(takes(newest, "2"))
        (self.folder / "new.key").unlink()
        self.reload(relay, [two], "cannot read file:")
        self.reload(relay, [], "nothing says who may join")
        self.assertTrue(takes(newest, "2"))
        log = relay.log()
        for secret in (self.secret, new, newest):
            self.assertNotIn(secret.decode(), log)


class Crowd(Base):
    PLAYERS, SEATS = 1_000, 10

    def setUp(self):
        super().setUp()
        soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
        wanted = self.PLAYERS + 200
        if hard != resource.RLIM_INFINITY and hard < wanted:
            self.skipTest(f"only {hard} descriptors")
        if soft != resource.RLIM_INFINITY and soft < wanted:
            resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))
            self.addCleanup(resource.setrlimit, resource.RLIMIT_NOFILE, (soft, hard))

    def test_of_a_thousand_at_once_exactly_ten_get_the_ten_seats(self):
        relay = self.start(self.short_form() + f"[quota]\nconnections_per_address = {2 * self.PLAYERS}\n", rooms=())
        relay.call("room.spawn", id="a", max_players=self.SEATS)
        # Tickets of one length: flatc makes one Join, the others are it with another ticket.
        texts = [ticket(self.secret, "a", f"player{i:04}", jti=f"{i:04}") for i in range(self.PLAYERS)]
        self.assertEqual(len(set(map(len, texts))), 1)
        join = message("Join", mode="ById", room_id="a", ticket=texts[0])
        joins = [join.replace(texts[0].encode(), text.encode()) for text in texts]
        players = [WebSocket(relay.port) for _ in range(self.PLAYERS)]
        for player in players:
            self.addCleanup(player.close)
        start = threading.Barrier(8)

        def come(part):
            start.wait()
            for player, each in list(zip(players, joins))[part::8]:
                player.send(each)

        threads = [threading.Thread(target=come, args=(part,)) for part in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        seated = sum(1 for player in players if (answer := player.read()) is not None and answer[4:8] == b"TRM1")
        codes = {player.close_code for player in players}
        self.assertEqual((seated, codes), (self.SEATS, {None, 4430}))
        self.assertEqual(relay.metric("tickrelay_players"), self.SEATS)
        self.assertEqual(relay.metric('tickrelay_refused_total{reason="room_full"}'), self.PLAYERS - self.SEATS)


if __name__ == "__main__":
    run()
