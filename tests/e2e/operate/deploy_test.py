"""What tools/deploy gives to a machine: the systemd unit lets the relay do all it does and little else, the alert rules fire."""

import os
import pathlib
import re
import shutil
import subprocess
import tempfile
import unittest

from relay import PROGRAM, Relay, run, until

UNIT = pathlib.Path(os.environ["TICKRELAY_UNIT"])
DEPLOY = pathlib.Path(__file__).resolve().parents[3] / "tools/deploy"
SANITIZED = re.search(r"build/(asan|tsan)", PROGRAM) is not None
EXPOSURE_MAX = 25  # of 100, as systemd-analyze counts


def output(*command):
    done = subprocess.run(command, capture_output=True, text=True, timeout=120)
    return done.returncode, done.stdout + done.stderr


def calls_of(name):
    """The system calls of a systemd filter set, with those of the sets inside."""
    calls = set()
    for line in output("systemd-analyze", "syscall-filter", name)[1].splitlines()[1:]:
        word = line.strip()
        if word.startswith("@"):
            calls |= calls_of(word)
        elif word and not word.startswith("#"):
            calls.add(word)
    return calls


def settings(key):
    return [line.split("=", 1)[1] for line in UNIT.read_text().splitlines() if line.startswith(key + "=")]


@unittest.skipUnless(shutil.which("systemd-analyze"), "systemd is not installed")
class Unit(unittest.TestCase):
    def test_is_understood_by_systemd(self):
        with tempfile.TemporaryDirectory() as folder:
            unit = pathlib.Path(folder, UNIT.name)
            # Programs and pages that are not installed here are no fault of the unit.
            unit.write_text(re.sub("ExecStart=\\S+", f"ExecStart={PROGRAM}", re.sub("Documentation=.*\n", "", UNIT.read_text())))
            said = [line for line in output("systemd-analyze", "verify", str(unit))[1].splitlines() if UNIT.name in line]
            self.assertEqual(said, [])

    def test_gives_little_away(self):
        status, text = output("systemd-analyze", "security", "--offline=true", f"--threshold={EXPOSURE_MAX}", "--no-pager", str(UNIT))
        if "unrecognized option" in text:
            self.skipTest("this systemd cannot look at units that are not loaded")
        self.assertEqual(status, 0, text)

    @unittest.skipUnless(shutil.which("strace"), "strace is not installed")
    @unittest.skipIf(SANITIZED, "a sanitizer makes system calls of its own")
    def test_allows_every_system_call_of_a_relay_in_use(self):
        allowed, denied = set(), set()
        for value in settings("SystemCallFilter"):
            into = denied if value.startswith("~") else allowed
            for name in value.removeprefix("~").split():
                into |= calls_of(name)
        self.assertIn("epoll_wait", allowed)
        with tempfile.TemporaryDirectory() as folder:
            trace = pathlib.Path(folder, "trace")
            program = pathlib.Path(folder, "traced")
            program.write_text(f'#!/bin/sh\nexec strace -D -f -q -e signal=none -o {trace} {PROGRAM} "$@"\n')
            program.chmod(0o755)
            if output("strace", "-o", str(trace), "true")[0] != 0:
                self.skipTest("this machine does not let processes be traced")
            with Relay(arguments=("--dev", "--data-dir", folder + "/data"), program=program) as relay:
                player = relay.player(mode="JoinOrCreate", type="demo")
                self.assertEqual(until(lambda: relay.metric("tickrelay_players")), 1)
                until(lambda: relay.metric('tickrelay_frames_sent_total{kind="join"}') >= 1 and relay.metric("tickrelay_ticks_total") > 20)
                self.assertEqual(relay.get("/dashboard")[0], 200)
                player.close()
                for room in relay.call("room.list")["rooms"]:
                    relay.call("room.close", room_id=room["room_id"])
            until(lambda: re.search(r"^%d +\+\+\+ exited" % relay.process.pid, trace.read_text(), re.MULTILINE))  # strace is beside it
            used = set(re.findall(r"^\d+ +(\w+)\(", trace.read_text(), re.MULTILINE)) - {"execve"}  # that one is strace's
        self.assertIn("epoll_wait", used)
        if os.geteuid() == 0:
            used.discard("fchown")  # SQLite's, of root alone: the unit's user never calls it
        self.assertEqual(sorted(used - (allowed - denied)), [])


@unittest.skipIf(SANITIZED, "a sanitizer's build is not what is installed")
class Program(unittest.TestCase):
    def test_is_hardened(self):
        headers = output("readelf", "--wide", "--file-header", "--program-headers", "--dynamic", PROGRAM)[1]
        self.assertRegex(headers, r"Type: +DYN")
        self.assertIn("GNU_RELRO", headers)
        self.assertRegex(headers, r"FLAGS.*(BIND_NOW|NOW)")
        self.assertRegex(headers, r"GNU_STACK.* RW +0x")
        symbols = output("readelf", "--wide", "--dyn-syms", PROGRAM)[1]
        self.assertIn("__stack_chk_fail", symbols)
        self.assertRegex(symbols, r"__\w+_chk@")


class Alerts(unittest.TestCase):
    def test_are_over_metrics_that_there_are(self):
        text = (DEPLOY / "alerts.yml").read_text()
        with Relay() as relay:
            page = relay.get("/metrics")[1]
        names = set(re.findall(r"\b(?:tickrelay|process)_\w+", "".join(re.findall(r"expr:(.*?)(?:\n        for|\n        labels)", text, re.DOTALL))))
        self.assertGreater(len(names), 8)
        names.remove("tickrelay_tls_certificate_expiry_seconds")  # there is one where there is a certificate
        for name in names:
            self.assertIn(f"# TYPE {re.sub('_bucket$', '', name)} ", page)
        for reason in re.search(r'reason=~"([^"]+)"', text)[1].split("|"):
            self.assertRegex(page, f'tickrelay_refused_total{{reason="{reason}"}} ')

    @unittest.skipUnless(shutil.which("promtool"), "promtool is not installed (Debian package prometheus)")
    def test_fire_when_they_should_and_only_then(self):
        for command in (("check", "rules", "alerts.yml"), ("test", "rules", "alerts_test.yml")):
            done = subprocess.run(["promtool", *command], cwd=DEPLOY, capture_output=True, text=True, timeout=120)
            self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        tested = set(re.findall("alertname: (\\w+)", (DEPLOY / "alerts_test.yml").read_text()))
        self.assertEqual(tested, set(re.findall("alert: (\\w+)", (DEPLOY / "alerts.yml").read_text())))


if __name__ == "__main__":
    run()
