"""A relay under load for as long as TICKRELAY_SOAK_S says (60), while the world does its worst, one thing after the other:

storms of reconnects, a stopped process, no descriptors left, a wall clock that jumps, a link that goes dead without a word, a full disk.
Between them quiet: there memory, descriptors, tick lateness and state age are sampled, and may not grow. The players check all they see.
What this machine cannot do (no root, no libfaketime) is left out and named. Prints a report; TICKRELAY_SOAK_OUT: also as JSON.
"""

import base64
import errno
import glob
import json
import os
import pathlib
import re
import shutil
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import threading
import time
import urllib.request

PROGRAM, PLAYERS, BENCH = (os.environ["TICKRELAY_" + name] for name in ("PROGRAM", "SOAK_PLAYERS", "BENCH"))
SCHEMA = os.environ["TICKRELAY_ARENA_SCHEMA"]
DURATION_S = float(os.environ.get("TICKRELAY_SOAK_S", "60"))
SANITIZED = re.search("build/(asan|tsan)", PROGRAM) is not None
ROOMS, PLAYERS_EACH, SLOW_EACH, RATE_HZ = (2, 6, 1, 20) if SANITIZED or DURATION_S < 600 else (10, 10, 1, 30)
DESCRIPTORS = 600
QUIET_S = 3.0 if DURATION_S < 600 else 10.0
PATIENCE_S = 90
NEVER = ("torn", "backwards", "repeated", "silently_lost", "rolled_back", "left", "errors")


def until(what, condition, patience_s=PATIENCE_S):
    end = time.monotonic() + patience_s
    while time.monotonic() < end:
        value = condition()
        if value:
            return value
        time.sleep(0.02)
    raise SystemExit(f"FAILED: {what} did not come within {patience_s} s")


def sh(*command):
    return subprocess.run(command, capture_output=True, text=True, check=False).returncode == 0


class Crowd:
    """Players in a process of their own; `last` is their newest line."""

    def __init__(self, name, command, settle=None):
        self.name, self.last = name, {}
        self.process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        if settle:
            settle(self.process.pid)
            self.process.stdin.write("\n")
            self.process.stdin.flush()
        self.reader = threading.Thread(target=self.read, daemon=True)
        self.reader.start()

    def read(self):
        for line in self.process.stdout:
            self.last = json.loads(line)

    def all_joined(self):
        return self.last and self.last["joined"] == self.last["players"]

    def wrong(self):
        return {key: self.last[key] for key in NEVER if self.last.get(key)}

    def close(self):
        self.process.stdin.close()
        try:
            self.process.wait(30)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()


class Soak:
    def __init__(self):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="tickrelay-soak-"))
        self.data, self.clock, self.admin_path = self.folder / "data", self.folder / "clock", self.folder / "admin.sock"
        self.data.mkdir(mode=0o700)
        self.left_out, self.samples, self.faults, self.crowds = [], [], {}, []
        self.in_namespace = os.environ.get("TICKRELAY_SOAK_NAMESPACE") == "1"
        self.small_disk = os.geteuid() == 0 and sh("mount", "-t", "tmpfs", "-o", "size=8m,mode=0700", "none", str(self.data))
        if not self.small_disk:
            self.left_out.append("a full disk (no mount without root)")
        self.start()

    def start(self):
        environment = dict(os.environ)
        faketime = glob.glob("/usr/lib/*/faketime/libfaketimeMT.so.1")
        self.fake_clock = bool(faketime) and not SANITIZED
        if self.fake_clock:
            self.clock.write_text("+0")
            environment |= {"LD_PRELOAD": faketime[0], "FAKETIME_TIMESTAMP_FILE": str(self.clock), "FAKETIME_NO_CACHE": "1", "FAKETIME_DONT_FAKE_MONOTONIC": "1"}
        else:
            self.left_out.append("a jumping clock (" + ("under a sanitizer)" if faketime else "no libfaketime)"))
        if not self.in_namespace:
            self.left_out.append("half-open links (no network namespaces)")
        host = "0.0.0.0" if self.in_namespace else "127.0.0.1"
        config = self.folder / "relay.toml"
        config.write_text('auth = "none"\n[quota]\nconnections_per_address = 100000\n')
        self.relay = subprocess.Popen(
            ["prlimit", f"--nofile={DESCRIPTORS}", PROGRAM, "--config", config, "--listen", f"{host}:0", "--ops-listen", "127.0.0.1:0",
             "--admin", self.admin_path, "--data-dir", self.data],
            stdout=subprocess.PIPE, stderr=open(self.folder / "log", "w"), text=True, env=environment)
        banner = ""
        for line in self.relay.stdout:
            banner += line
            if line == "tickrelay is ready\n":
                break
        ports = re.findall(r"//[\w.]+:(\d+)", banner)
        if len(ports) < 2:
            raise SystemExit(f"FAILED: the relay did not start:\n{banner}{(self.folder / 'log').read_text()}")
        self.port, self.ops_port = int(ports[0]), int(ports[1])
        schema = base64.b64encode(pathlib.Path(SCHEMA).read_bytes()).decode()
        for room in [f"soak-{number}" for number in range(ROOMS)] + ["far-0"]:
            self.call("room.spawn", id=room, schema=schema, tick_rate=RATE_HZ, max_players=64, grace_s=120, empty_ttl_s=300,
                      codec="plain" if room == "soak-1" else "packed")

    def call(self, method, **params):
        with socket.socket(socket.AF_UNIX) as admin:
            admin.settimeout(PATIENCE_S)
            admin.connect(str(self.admin_path))
            admin.sendall(json.dumps({"jsonrpc": "2.0", "id": 1, "method": method, "params": params}).encode() + b"\n")
            answer = json.loads(admin.makefile().readline())
        if "error" in answer:
            raise SystemExit(f"FAILED: {method}: {answer['error']}")
        return answer["result"]

    def metrics(self):
        """Tried again where the relay has no descriptor to answer with: those that were taken are not free the same moment."""
        def page():
            try:
                with urllib.request.urlopen(f"http://127.0.0.1:{self.ops_port}/metrics", timeout=PATIENCE_S) as answer:
                    return answer.read().decode()
            except OSError:
                return None
        return dict(re.findall(r"^([^#\s]\S*) (\S+)$", until("the metrics", page), re.MULTILINE))

    def play(self):
        seats = (str(PLAYERS_EACH), str(RATE_HZ), str(SLOW_EACH))
        self.crowds.append(Crowd("here", [PLAYERS, f"ws://127.0.0.1:{self.port}", str(ROOMS), *seats, "soak"]))
        if self.in_namespace:
            def link(pid):
                until("the other namespace", lambda: os.readlink(f"/proc/{pid}/ns/net") != os.readlink("/proc/self/ns/net"))
                for command in (f"ip link add soak0 type veth peer name soak1 netns {pid}", "ip addr add 10.99.0.1/24 dev soak0", "ip link set soak0 up",
                                f"nsenter -t {pid} -n ip addr add 10.99.0.2/24 dev soak1", f"nsenter -t {pid} -n ip link set soak1 up"):
                    if not sh(*command.split()):
                        raise SystemExit(f"FAILED: {command}")
            self.crowds.append(Crowd("far", ["unshare", "--net", "sh", "-c", 'read start; exec "$@"', "sh", PLAYERS, f"ws://10.99.0.1:{self.port}",
                                             "1", "3", str(RATE_HZ), "0", "far"], link))
        until("every player in its room", lambda: all(crowd.all_joined() for crowd in self.crowds))

    def alive(self, after):
        if self.relay.poll() is not None:
            raise SystemExit(f"FAILED after {after}: the relay ended with {self.relay.returncode}\n{(self.folder / 'log').read_text()[-4000:]}")
        return True

    def checked(self, after):
        self.alive(after)
        for crowd in self.crowds:
            if crowd.wrong():
                raise SystemExit(f"FAILED after {after}: players {crowd.name} saw {crowd.wrong()} {crowd.last['last_left']}")

    def quiet(self, after="the start"):
        """A stretch in which nothing bad happens, sampled."""
        try:
            until("every player back", lambda: self.alive(after) and all(crowd.all_joined() for crowd in self.crowds))
        except SystemExit as late:
            self.alive(after)
            told = "\n".join(f"players {crowd.name}: {crowd.last}" for crowd in self.crowds)
            raise SystemExit(f"{late} after {after}\n{told}\n{(self.folder / 'log').read_text()[-4000:]}") from None
        before = self.metrics()
        time.sleep(QUIET_S)
        after = self.metrics()
        buckets = [(float(re.search('le="([^"]+)"', name)[1]), float(after[name]) - float(before.get(name, 0)))
                   for name in after if name.startswith("tickrelay_tick_lateness_seconds_bucket")]
        buckets.sort()
        total = buckets[-1][1]
        late = next((bound for bound, count in buckets if count >= 0.99 * total), float("inf"))
        self.samples.append({
            "at_s": round(time.monotonic() - self.began, 1),
            "rss_kib": float(after["process_resident_memory_bytes"]) / 1024,
            "fds": float(after["process_open_fds"]),
            "tick_lateness_p99_ms": late * 1000,
            "state_age_p99_ms": self.crowds[0].last["state_age_p99_ms"],
            "ticks_skipped": float(after["tickrelay_ticks_skipped_total"]) - float(before["tickrelay_ticks_skipped_total"]),
        })

    # ---- what goes wrong

    def storm(self):
        clients = 60 if SANITIZED else 200
        done = subprocess.run([BENCH, "storm", "--url", f"ws://127.0.0.1:{self.port}", "--admin", self.admin_path, "--clients", str(clients), "--play", "1s",
                               "--within", "500ms", "--patience", "60s"], capture_output=True, text=True, timeout=300)
        if done.returncode != 0:
            raise SystemExit(f"FAILED: storm: {done.stdout}{done.stderr}")
        for room in self.call("room.list", limit=1000)["rooms"]:
            if not room["room_id"].startswith(("soak-", "far-")):
                self.call("room.close", room_id=room["room_id"])

    def stop(self):
        self.relay.send_signal(signal.SIGSTOP)
        time.sleep(2)
        self.relay.send_signal(signal.SIGCONT)

    def no_descriptors(self):
        crowd = []
        try:
            for _ in range(DESCRIPTORS):
                one = socket.create_connection(("127.0.0.1", self.port), timeout=10)
                one.sendall(b"GET /v1 HTTP/1.1\r\n")
                crowd.append(one)
            until("the last descriptor", lambda: len(os.listdir(f"/proc/{self.relay.pid}/fd")) >= DESCRIPTORS - 8, 10)
            time.sleep(1)
        finally:
            for one in crowd:
                one.close()

    def clock_jumps(self):
        for offset in ("+1h", "-1h", "+0"):  # at once: libfaketime ends a program that it finds an empty file for
            (self.folder / "clock.new").write_text(offset)
            (self.folder / "clock.new").rename(self.clock)
            time.sleep(0.7)

    def half_open(self):
        """No FIN, no RST: the relay must find out by itself, and the seats wait."""
        def given_up():
            page = self.metrics()
            return sum(float(page.get(f'tickrelay_closed_total{{reason="{reason}"}}', 0)) for reason in ("not_acknowledged", "connection_lost"))
        before = given_up()
        sh("ip", "link", "set", "soak0", "down")
        until("the relay to give up those who are silent", lambda: given_up() >= before + self.crowds[1].last["players"])
        sh("ip", "link", "set", "soak0", "up")

    def full_disk(self):
        filler = self.data / "filler"
        try:  # unbuffered: nothing is left for close() to write, and to fail at
            with open(filler, "wb", buffering=0) as file:
                while True:
                    file.write(b"x" * 65536)
        except OSError as fault:
            if fault.errno != errno.ENOSPC:
                raise
        time.sleep(3)
        filler.unlink()

    def run(self):
        self.began = time.monotonic()
        self.play()
        faults = [self.storm, self.stop, self.no_descriptors]
        faults += [self.clock_jumps] * self.fake_clock + [self.half_open] * self.in_namespace + [self.full_disk] * self.small_disk
        self.quiet()  # warms up: not counted
        self.samples.clear()
        self.quiet()
        while time.monotonic() - self.began < DURATION_S or len(self.faults) < len(faults):
            for fault in faults:
                fault()
                self.faults[fault.__name__] = self.faults.get(fault.__name__, 0) + 1
                self.quiet(fault.__name__)
                self.checked(fault.__name__)
                if time.monotonic() - self.began > DURATION_S and len(self.faults) == len(faults):
                    break
        self.judge()

    def judge(self):
        def median(key, samples):
            return statistics.median(sample[key] for sample in samples)
        for crowd in self.crowds[1:]:  # the link's
            if crowd.last["returns"] < crowd.last["players"] * self.faults["half_open"]:
                raise SystemExit(f"FAILED: players {crowd.name} came back {crowd.last['returns']} times only")
        third = max(1, len(self.samples) // 3)
        first, last = self.samples[:third], self.samples[-third:]
        report = {"seconds": round(time.monotonic() - self.began), "faults": self.faults, "left_out": self.left_out,
                  "players": {crowd.name: crowd.last for crowd in self.crowds},
                  "first": {key: median(key, first) for key in first[0]}, "last": {key: median(key, last) for key in last[0]}}
        print(json.dumps(report, indent=1))
        if out := os.environ.get("TICKRELAY_SOAK_OUT"):
            pathlib.Path(out).write_text(json.dumps(report | {"samples": self.samples}, indent=1))
        for sample, begin, slack in (("rss_kib", report["first"]["rss_kib"], 4096), ("fds", report["first"]["fds"], 4)):
            if report["last"][sample] > begin * 1.1 + slack and not (SANITIZED and sample == "rss_kib"):  # a sanitizer keeps what was freed
                raise SystemExit(f"FAILED: {sample} grew from {begin} to {report['last'][sample]}")
        if DURATION_S >= 600 and report["last"]["tick_lateness_p99_ms"] > 2 * report["first"]["tick_lateness_p99_ms"] + 4:
            raise SystemExit("FAILED: ticks came later and later")

    def close(self):
        for crowd in self.crowds:
            crowd.close()
        if self.relay.poll() is None:
            self.relay.send_signal(signal.SIGCONT)
            self.relay.send_signal(signal.SIGTERM)
            self.relay.send_signal(signal.SIGTERM)
            try:
                self.relay.wait(30)
            except subprocess.TimeoutExpired:
                self.relay.kill()
        if self.small_disk:
            sh("umount", str(self.data))
        shutil.rmtree(self.folder, ignore_errors=True)


def main():
    if "TICKRELAY_SOAK_NAMESPACE" not in os.environ:
        possible = os.geteuid() == 0 and sh("unshare", "--net", "sh", "-c", "ip link set lo up && ip link add probe0 type veth peer name probe1")
        os.environ["TICKRELAY_SOAK_NAMESPACE"] = "1" if possible else "0"
        if possible:
            os.execvp("unshare", ["unshare", "--net", "sh", "-c", 'ip link set lo up && exec "$@"', "sh", sys.executable, *sys.argv])
    soak = Soak()
    try:
        soak.run()
    finally:
        soak.close()


if __name__ == "__main__":
    main()
