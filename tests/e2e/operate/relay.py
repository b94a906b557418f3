"""A real tickrelay on free loopback ports, in a folder of its own, and what operators and bad clients say to it.

Standard library only; flatc makes the players' messages from JSON. Nothing here sleeps for a fixed time: until() waits for a condition.
"""

import base64
import http.client
import json
import os
import pathlib
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
import unittest

PROGRAM = os.environ["TICKRELAY_PROGRAM"]
FLATC = os.environ["TICKRELAY_FLATC"]
SCHEMAS = pathlib.Path(__file__).resolve().parents[3] / "schema"
PATIENCE_S = 30
SKIPPED = 77


def until(condition, patience_s=PATIENCE_S):
    """The first true value of the condition; fails the test where none comes."""
    end = time.monotonic() + patience_s
    while time.monotonic() < end:
        value = condition()
        if value:
            return value
        time.sleep(0.01)
    raise AssertionError("what the test waits for did not come")


def arena_bfbs():
    """The example state schema, in base64."""
    with tempfile.TemporaryDirectory() as folder:
        subprocess.run([FLATC, "--binary", "--schema", "-I", SCHEMAS, "-o", folder, SCHEMAS / "examples/arena.fbs"], check=True)
        return base64.b64encode(pathlib.Path(folder, "arena.bfbs").read_bytes()).decode()


class Relay:
    """Stopped by its process id when the `with` ends."""

    def __init__(self, config="", arguments=("--dev",), environment=None, program=PROGRAM, tls=None):
        """tls: how to come to its ports, where they speak TLS, else None. Its operations port has TLS where the configuration says so."""
        self.tls = tls
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="tickrelay-operate-"))
        self.config = self.folder / "relay.toml"
        self.config.write_text(config)
        self.admin_path = self.folder / "admin.sock"
        self.log_path = self.folder / "relay.log"
        command = [program, "--config", self.config, "--listen", "127.0.0.1:0", "--ops-listen", "127.0.0.1:0",
                   "--admin", self.admin_path, *arguments]
        with open(self.log_path, "wb") as log:
            self.process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=log, env={**os.environ, **(environment or {})})
        self.banner = ""
        for line in self.process.stdout:
            self.banner += line.decode()
            if line == b"tickrelay is ready\n":
                break
        ports = list(dict.fromkeys(re.findall(r"//127\.0\.0\.1:(\d+)", self.banner)))  # the demo is on the players' port
        self.admin_port = int(ports.pop()) if "tls://" in self.banner else 0
        if len(ports) != 2:
            self.close()
            raise AssertionError(f"the relay did not start:\n{self.banner}{self.last_log}")
        self.port, self.ops_port = map(int, ports)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def close(self):
        for stop in (signal.SIGTERM, signal.SIGTERM):
            if self.process.poll() is None:
                self.process.send_signal(stop)
                try:
                    self.process.wait(0.5)
                except subprocess.TimeoutExpired:
                    pass
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()
        self.process.stdout.close()
        self.last_log = self.log()
        shutil.rmtree(self.folder, ignore_errors=True)

    def log(self):
        return self.log_path.read_text() if self.log_path.exists() else ""

    def get(self, path):
        """(status, body) of the operations port."""
        if "https://127.0.0.1:" + str(self.ops_port) in self.banner:
            connection = http.client.HTTPSConnection("127.0.0.1", self.ops_port, timeout=PATIENCE_S, context=self.tls)
        else:
            connection = http.client.HTTPConnection("127.0.0.1", self.ops_port, timeout=PATIENCE_S)
        try:
            connection.request("GET", path)
            answer = connection.getresponse()
            return answer.status, answer.read().decode()
        finally:
            connection.close()

    def metric(self, sample):
        found = re.search("^" + re.escape(sample) + r" (\S+)$", self.get("/metrics")[1], re.MULTILINE)
        return float(found[1]) if found else 0.0

    def admin(self):
        return Admin(self.admin_path)

    def call(self, method, **params):
        """The result of one admin call on a connection of its own."""
        with self.admin() as admin:
            return admin.call(method, **params)

    def player(self, **join):
        player = WebSocket(self.port, tls=self.tls)
        player.join(**join)
        return player

    def player_from(self, source, **join):
        """From another of this machine's addresses."""
        player = WebSocket(self.port, source=source)
        player.join(**join)
        return player

    def refused(self, reason):
        return self.metric(f'tickrelay_refused_total{{reason="{reason}"}}')

    def log_lines(self, text):
        return [line for line in self.log().splitlines() if text in line]


class Refused(Exception):
    def __init__(self, error):
        super().__init__(error["message"])
        self.code = error["code"]
        self.data = error.get("data", {})
        self.reason = self.data.get("reason")


class Admin:
    """One connection to the admin socket."""

    def __init__(self, path=None, port=None, tls=None):
        """Of a path, or of a port over TLS."""
        if port is None:
            self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
            self.socket.connect(str(path))
        else:
            self.socket = tls.wrap_socket(socket.create_connection(("127.0.0.1", port), PATIENCE_S), server_hostname="127.0.0.1")
        self.socket.settimeout(PATIENCE_S)
        self.lines = self.socket.makefile("rb")
        self.number = 0

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.lines.close()
        self.socket.close()

    def say(self, line):
        self.socket.sendall(line if isinstance(line, bytes) else line.encode() + b"\n")

    def hear(self):
        """The next line as a value; None at the end."""
        line = self.lines.readline()
        return json.loads(line) if line else None

    def call(self, method, **params):
        self.number += 1
        self.say(json.dumps({"jsonrpc": "2.0", "id": self.number, "method": method, "params": params}))
        while (answer := self.hear()) is not None:
            if answer.get("id") == self.number:
                if "error" in answer:
                    raise Refused(answer["error"])
                return answer["result"]
        raise AssertionError("the admin socket closed")


def message(body_type, **body):
    """One TRM1 message, made by flatc from its names."""
    with tempfile.TemporaryDirectory() as folder:
        text = pathlib.Path(folder, "message.json")
        text.write_text(json.dumps({"body_type": body_type, "body": body}))
        subprocess.run([FLATC, "--binary", "-o", folder, SCHEMAS / "protocol.fbs", text], check=True)
        return pathlib.Path(folder, "message.bin").read_bytes()


class WebSocket:
    """A client that speaks by hand, so that it can also speak wrongly."""

    TEXT, BINARY, CLOSE, PING = 1, 2, 8, 9

    def __init__(self, port, upgrade=True, tls=None, session=None, source="127.0.0.1", first=b""):
        self.socket = socket.create_connection(("127.0.0.1", port), PATIENCE_S, (source, 0))
        self.socket.sendall(first)
        if tls:
            self.socket = tls.wrap_socket(self.socket, server_hostname="127.0.0.1", session=session)
        self.bytes = self.socket.makefile("rb")
        self.close_code = None
        self.close_reason = ""
        if upgrade:
            self.upgrade()

    def upgrade(self, protocol="tickrelay.v1", origin=None):
        """True where the relay takes it; `answer` is its head."""
        self.socket.sendall((f"GET /v1 HTTP/1.1\r\nHost: relay\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
                             f"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n"
                             + (f"Origin: {origin}\r\n" if origin is not None else "") +
                             f"Sec-WebSocket-Protocol: {protocol}\r\n\r\n").encode())
        head = b""
        try:
            while not head.endswith(b"\r\n\r\n") and (line := self.bytes.readline()):
                head += line
        except ConnectionError:
            pass
        self.answer = head.decode()
        return head.startswith(b"HTTP/1.1 101")

    def send(self, payload, opcode=BINARY):
        size = len(payload)
        head = bytes([0x80 | opcode])
        head += bytes([0x80 | size]) if size < 126 else (
            bytes([0xFE]) + size.to_bytes(2, "big") if size < 65_536 else bytes([0xFF]) + size.to_bytes(8, "big"))
        self.socket.sendall(head + bytes(4) + payload)

    def read(self):
        """The next binary message; None where the connection closed: close_code and close_reason say why."""
        while True:
            try:
                head = self.bytes.read(2)
                if len(head) < 2:
                    return None
                size = head[1] & 0x7F
                if size >= 126:
                    size = int.from_bytes(self.bytes.read(2 if size == 126 else 8), "big")
                payload = self.bytes.read(size)
            except ConnectionError:
                return None
            if head[0] & 0x0F == self.CLOSE:
                self.close_code = int.from_bytes(payload[:2], "big")
                self.close_reason = payload[2:].decode()
                return None
            if head[0] & 0x0F == self.BINARY:
                return payload

    def until_closed(self):
        while self.read() is not None:
            pass
        return self.close_code

    def join(self, **join):
        """True where the relay answers with Welcome."""
        self.send(message("Join", **join))
        answer = self.read()
        return answer is not None and answer[4:8] == b"TRM1"

    def hears_more(self):
        return self.read() is not None

    def close(self):
        self.bytes.close()
        self.socket.close()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()


def spoken(connection):
    """What the other side says until it closes."""
    said = b""
    try:
        while piece := connection.recv(4096):
            said += piece
    except ConnectionError:
        pass
    connection.close()
    return said


class Witness(threading.Thread):
    """A well-behaved player: reads on its own thread and acknowledges, until closed. `frames` counts what it heard."""

    def __init__(self, socket_):
        super().__init__(daemon=True)
        self.socket = socket_
        self.frames = 0
        self.start()

    def run(self):
        while (frame := self.socket.read()) is not None:
            if frame[4:8] != b"TRF1":
                continue
            self.frames += 1
            self.socket.send(message("Update", ack={"tick": self.tick(frame), "event": 0, "direct": 0}))

    @staticmethod
    def tick(frame):
        """StateFrame.head.tick: the first field of the root table is a struct, the tick is its first."""
        root = int.from_bytes(frame[:4], "little")
        table = root - int.from_bytes(frame[root:root + 4], "little", signed=True)
        head = root + int.from_bytes(frame[table + 4:table + 6], "little")
        return int.from_bytes(frame[head:head + 4], "little")


def run():
    """unittest.main, but a file of which everything was skipped says so to CTest."""
    result = unittest.main(exit=False, verbosity=2, warnings="ignore").result
    if result.wasSuccessful() and result.skipped and len(result.skipped) == result.testsRun:
        sys.exit(SKIPPED)
    sys.exit(not result.wasSuccessful())
