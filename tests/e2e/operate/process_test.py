"""The process: starting, refusing to start, signals, logs, what the operations port says meanwhile."""

import json
import os
import pathlib
import re
import resource
import signal
import socket
import subprocess
import tempfile
import unittest

from relay import PROGRAM, Relay, WebSocket, run, until

STUCK_LOGIC = os.environ.get("TICKRELAY_STUCK_LOGIC")
QUIET = {name: value for name, value in os.environ.items() if not name.startswith("TICKRELAY_")}


def start(*arguments, config=None):
    """A run that ends by itself."""
    with tempfile.TemporaryDirectory() as folder:
        if config is not None:
            path = pathlib.Path(folder, "relay.toml")
            path.write_text(config)
            arguments = ("--config", path, *arguments)
        return subprocess.run([PROGRAM, *arguments], env=QUIET, capture_output=True, text=True, timeout=30)


class Starting(unittest.TestCase):
    def test_without_a_word_on_who_may_join_is_refused_with_the_remedy(self):
        done = start("--listen", "127.0.0.1:0", "--ops-listen", "127.0.0.1:0")
        self.assertEqual(done.returncode, 1)
        self.assertIn("--dev", done.stderr)
        self.assertIn('auth = "none"', done.stderr)

    def test_on_a_port_in_use_names_it(self):
        for flag in ("--listen", "--ops-listen"):
            with socket.create_server(("127.0.0.1", 0)) as taken, tempfile.TemporaryDirectory() as folder:
                port = taken.getsockname()[1]
                other = "--ops-listen" if flag == "--listen" else "--listen"
                done = start("--dev", "--admin", f"{folder}/admin.sock", flag, f"127.0.0.1:{port}", other, "127.0.0.1:0")
                self.assertEqual(done.returncode, 1)
                self.assertIn(str(port), done.stderr)

    def test_checks_a_configuration_and_names_line_and_nearest_key(self):
        done = start("--check-config", config='auth = "none"\n\n[type.arena]\ntick_rat = 30\n')
        self.assertEqual(done.returncode, 1)
        self.assertRegex(done.stderr, r"relay\.toml:4: .*tick_rat.*tick_rate")
        done = start("--check-config", config='auth = "none"\nlisten = 3\nloops = 900\n')
        self.assertRegex(done.stderr, r"relay\.toml:2: ")
        self.assertRegex(done.stderr, r"relay\.toml:3: ")
        done = start("--check-config", config='auth = "none"\n[[[\n')
        self.assertRegex(done.stderr, r"relay\.toml:2: ")
        self.assertEqual(start("--check-config", config='auth = "none"\n[type.arena]\ntick_rate = 30\n').returncode, 0)

    def test_says_usage_and_version(self):
        self.assertEqual(start("--no-such-flag").returncode, 2)
        self.assertEqual(start("--help").returncode, 0)
        self.assertRegex(start("--version").stdout, r"\d+\.\d+\.\d+")

    def test_a_printed_configuration_is_one_that_is_read(self):
        printed = start("--print-config", config='auth = "none"\n[type.arena]\ntick_rate = 30\n')
        self.assertEqual(printed.returncode, 0, printed.stderr)
        self.assertEqual(start("--check-config", config=printed.stdout).returncode, 0)

    def test_a_second_relay_on_the_same_admin_socket_is_refused(self):
        with Relay() as relay:
            done = start("--dev", "--listen", "127.0.0.1:0", "--ops-listen", "127.0.0.1:0", "--admin", relay.admin_path)
            self.assertEqual(done.returncode, 1)
            self.assertIn(str(relay.admin_path), done.stderr)
            self.assertEqual(relay.call("relay.info")["rooms"], 0)


class Stopping(unittest.TestCase):
    def test_an_empty_relay_exits_at_once(self):
        with Relay() as relay:
            self.assertEqual(relay.get("/healthz")[0], 200)
            self.assertEqual(relay.get("/readyz")[0], 200)
            relay.process.send_signal(signal.SIGTERM)
            self.assertEqual(relay.process.wait(10), 0)
            self.assertFalse(relay.admin_path.exists())

    def test_players_are_given_the_drains_deadline_and_then_told_to_come_back(self):
        with Relay("drain_deadline = 1.5\n") as relay, relay.player(mode="JoinOrCreate", type="relay") as ada:
            relay.process.send_signal(signal.SIGTERM)
            until(lambda: relay.get("/readyz")[0] == 503)
            self.assertEqual(relay.get("/healthz")[0], 200)
            with WebSocket(relay.port) as late:
                late.join(mode="JoinOrCreate", type="relay")
                self.assertEqual(late.close_code, 4002)
                self.assertTrue(late.close_reason.startswith("restarting"), late.close_reason)
            self.assertEqual(ada.until_closed(), 4002)
            self.assertEqual(relay.process.wait(10), 0)

    def test_ends_before_the_deadline_when_the_last_room_is_gone(self):
        with Relay("drain_deadline = 600\n") as relay:
            relay.call("room.spawn", id="r", empty_ttl_s=0)
            relay.process.send_signal(signal.SIGTERM)
            until(lambda: relay.get("/readyz")[0] == 503)
            relay.call("room.close", room_id="r")
            self.assertEqual(relay.process.wait(20), 0)

    def test_a_second_signal_stops_now(self):
        with Relay("drain_deadline = 600\n") as relay, relay.player(mode="JoinOrCreate", type="relay") as ada:
            relay.process.send_signal(signal.SIGTERM)
            until(lambda: relay.get("/readyz")[0] == 503)
            relay.process.send_signal(signal.SIGTERM)
            self.assertEqual(ada.until_closed(), 4002)
            self.assertEqual(relay.process.wait(10), 0)


@unittest.skipUnless(STUCK_LOGIC, "no logic that sticks")
class Stuck(unittest.TestCase):
    """A room's logic that does not return."""

    def test_is_named_in_the_log_and_counted(self):
        with Relay("watchdog = 0.2\nworkers = 2\n", ("--dev", "--logic", STUCK_LOGIC)) as relay:
            relay.call("room.spawn", id="hangs", logic="stuck")
            until(lambda: relay.metric("tickrelay_workers_stuck") == 1)
            until(lambda: "does not come back" in relay.log())
            self.assertRegex(relay.log(), r"does not come back[^\n]*hangs")
            self.assertIsNone(relay.process.poll())
            relay.call("room.spawn", id="well")
            self.assertEqual(relay.call("room.info", room_id="well")["room_id"], "well")

    def test_ends_the_process_where_the_configuration_says_so(self):
        with Relay('watchdog = 0.2\nwatchdog_action = "exit"\n', ("--dev", "--logic", STUCK_LOGIC)) as relay:
            relay.call("room.spawn", id="hangs", logic="stuck")
            self.assertEqual(relay.process.wait(30), 3)
            self.assertIn("hangs", relay.log())


class Running(unittest.TestCase):
    @unittest.skipIf(re.search("build/(asan|tsan)", PROGRAM), "a sanitizer switches core files off by itself")
    def test_with_ticket_keys_leaves_no_core_files_that_would_hold_them(self):
        def core_bytes(config, arguments):
            with tempfile.TemporaryDirectory() as folder:
                program = pathlib.Path(folder, "with_cores")
                program.write_text(f'#!/bin/sh\nulimit -S -c 1000\nexec {PROGRAM} "$@"\n')
                program.chmod(0o755)
                secret = {"TICKRELAY_TEST_SECRET": "not-a-secret-but-long-enough-for-one"}
                with Relay(config, arguments=arguments, program=program, environment=secret) as relay:
                    limits = pathlib.Path(f"/proc/{relay.process.pid}/limits").read_text()
                    return next(line.split()[4] for line in limits.splitlines() if line.startswith("Max core file size"))
        if resource.getrlimit(resource.RLIMIT_CORE)[1] != resource.RLIM_INFINITY:
            self.skipTest("core files are off on this machine")
        self.assertEqual(core_bytes('ticket_key = "env:TICKRELAY_TEST_SECRET"\n', ()), "0")
        self.assertNotEqual(core_bytes("", ("--dev",)), "0")

    def test_takes_up_new_types_on_sighup_and_keeps_the_old_ones_where_the_file_is_wrong(self):
        with Relay("[type.first]\ntick_rate = 30\n") as relay:
            relay.config.write_text("[type.second]\ntick_rate = 60\nnonsense = 1\n")
            relay.process.send_signal(signal.SIGHUP)
            until(lambda: "nonsense" in relay.log())
            relay.call("room.spawn", type="first", id="a")
            relay.config.write_text("[type.second]\ntick_rate = 60\n")
            relay.process.send_signal(signal.SIGHUP)
            until(lambda: "configuration reloaded" in relay.log())
            relay.call("room.spawn", type="second", id="b")
            self.assertEqual(relay.call("room.info", room_id="b")["settings"]["tick_rate"], 60)

    def test_logs_json_one_object_a_line(self):
        with Relay(arguments=("--dev", "--log-format", "json", "--log-level", "debug")) as relay:
            relay.call("room.spawn", id='a "quoted"\tid'.replace("\t", " "))
            relay.player(mode="ById", room_id="nowhere").close()
            relay.process.send_signal(signal.SIGTERM)
            relay.process.send_signal(signal.SIGINT)
            relay.process.wait(10)
            lines = relay.log().splitlines()
            self.assertGreater(len(lines), 1)
            for line in lines:
                self.assertIsInstance(json.loads(line), dict, line)


if __name__ == "__main__":
    run()
