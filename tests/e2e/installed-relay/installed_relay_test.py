"""The installed relay as games use it: its library linked into a server of their own, their logic loaded as a plugin."""

import os
import pathlib
import shutil
import signal
import subprocess
import sys
import threading
import unittest

CMAKE = os.environ["TICKRELAY_CMAKE"]
WORK = pathlib.Path(os.environ["TICKRELAY_WORK"])
PREFIX = WORK / "prefix"
HERE = pathlib.Path(__file__).resolve().parent
EXAMPLES = HERE.parents[2] / "relay" / "examples"
os.environ["TICKRELAY_PROGRAM"] = str(PREFIX / "bin" / "tickrelay")
sys.path.insert(0, str(HERE.parent / "operate"))

from relay import PATIENCE_S, PROGRAM, Relay, run, until  # noqa: E402  (needs the variable)


def done(*command):
    result = subprocess.run(command, capture_output=True, text=True, check=False)
    if result.returncode:
        raise AssertionError(f"{command} gave {result.returncode}:\n{result.stdout}{result.stderr}")
    return result.stdout


def build(source, name):
    sanitize = {"": "", "address": "-fsanitize=address,undefined"}.get(
        os.environ["TICKRELAY_SANITIZE"], "-fsanitize=" + os.environ["TICKRELAY_SANITIZE"])
    done(CMAKE, "-G", os.environ["TICKRELAY_GENERATOR"], "-S", source, "-B", WORK / name, f"-DCMAKE_PREFIX_PATH={PREFIX}",
         f"-DCMAKE_CXX_FLAGS=-Wall -Wextra {sanitize}", f"-DCMAKE_BUILD_TYPE={os.environ['TICKRELAY_BUILD_TYPE']}")
    done(CMAKE, "--build", WORK / name)


def setUpModule():
    shutil.rmtree(WORK, ignore_errors=True)
    done(CMAKE, "--install", os.environ["TICKRELAY_BUILD"], "--prefix", PREFIX)
    build(EXAMPLES, "examples")
    build(HERE / "wrong", "wrong")


class Player:
    """relay/examples/player.cpp: a name on its input is tagged, what it hears is on its output."""

    def __init__(self, *arguments):
        self.process = subprocess.Popen([WORK / "examples" / "player", *arguments], stdin=subprocess.PIPE,
                                        stdout=subprocess.PIPE, text=True)
        self.patience = threading.Timer(PATIENCE_S, self.process.kill)  # what it waits for did not come
        self.patience.start()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.stdin.close()  # it leaves
        self.process.stdout.read()
        self.process.stdout.close()
        self.process.wait()
        self.patience.cancel()

    def hears(self, wanted):
        for line in self.process.stdout:
            if line.rstrip("\n") == wanted:
                return True
        return False

    def tags(self, text):
        self.process.stdin.write(text + "\n")
        self.process.stdin.flush()


class Game(unittest.TestCase):
    def plays_tag(self, *where):
        url, *room = where
        with Player(url, "ada", "tag", *room) as ada:
            self.assertTrue(ada.hears("it ada"))  # on_open
            with Player(url, "bob", "tag", *room) as bob:
                self.assertTrue(bob.hears("seconds 1"))  # on_tick
                ada.tags("bob")
                self.assertTrue(bob.hears("it bob"))  # on_message
            self.assertTrue(ada.hears("it ada"))  # on_close

    def test_a_plugin_is_the_logic_of_a_room(self):
        with Relay("[type.tag]\nlogic = \"tag\"\n", arguments=("--dev", "--logic", WORK / "examples" / "tag.so")) as relay:
            relay.call("room.spawn", id="t", logic="tag", tick_rate=30)
            self.plays_tag(f"ws://127.0.0.1:{relay.port}", "t")
            self.plays_tag(f"ws://127.0.0.1:{relay.port}")
            self.assertEqual(relay.call("room.info", room_id="t")["settings"]["logic"], "tag")

    def test_the_chat_of_the_tutorials(self):
        with Relay("[type.talk]\nlogic = \"talk\"\n", arguments=("--dev", "--logic", WORK / "examples" / "talk.so")) as relay:
            url = f"ws://127.0.0.1:{relay.port}"
            with Player(url, "ada", "talk") as ada:
                until(lambda: [room["players"] for room in relay.call("room.list")["rooms"]] == [1])  # bob comes after her
                with Player(url, "bob", "talk") as bob:
                    self.assertTrue(ada.hears("hello bob"))
                    bob.tags("one")
                    self.assertTrue(ada.hears("tag one"))
                    ada.tags("two")
                    self.assertTrue(bob.hears("tag two"))
                self.assertEqual(ada.process.stdout.readline(), "bye bob\n", "and nothing of its own")

    def test_a_program_embeds_the_relay_with_its_logic(self):
        server = subprocess.Popen([WORK / "examples" / "server", "127.0.0.1:0", WORK / "admin.sock"], stdout=subprocess.PIPE, text=True)
        self.addCleanup(server.stdout.close)
        self.addCleanup(server.wait, 30)
        self.addCleanup(server.send_signal, signal.SIGTERM)
        self.plays_tag(server.stdout.readline().strip().removesuffix("/v1"))


class WrongPlugins(unittest.TestCase):
    def refused(self, path, *words):
        ended = subprocess.run([PROGRAM, "--dev", "--listen", "127.0.0.1:0", "--ops-listen", "127.0.0.1:0", "--admin", WORK / "wrong.sock",
                                "--logic", path], capture_output=True, text=True, timeout=30, check=False)
        self.assertEqual(ended.returncode, 1, ended.stdout + ended.stderr)
        self.assertEqual(ended.stdout, "")
        for word in (str(path), *words):
            self.assertIn(word, ended.stderr)

    def test_of_another_version_are_refused(self):
        self.refused(WORK / "wrong" / "old_version.so", "another version of tickrelay (ABI ", "build it again")

    def test_without_an_entry_are_refused(self):
        self.refused(WORK / "wrong" / "no_entry.so", "TICKRELAY_LOGIC")

    def test_with_a_name_that_is_taken_are_refused(self):
        self.refused(WORK / "wrong" / "taken_name.so", "'chat', which is taken")

    def test_that_are_missing_or_no_shared_object_are_refused(self):
        self.refused(WORK / "nowhere.so", "cannot be loaded")
        self.refused(HERE / "installed_relay_test.py", "cannot be loaded")


class Installed(unittest.TestCase):
    def test_are_the_schemas(self):
        schemas = PREFIX / "share" / "tickrelay" / "schema"
        done(os.environ["TICKRELAY_FLATC"], "--binary", "--schema", "-I", schemas, "-o", WORK, schemas / "examples" / "arena.fbs")
        for name in ("protocol.fbs", "attributes.fbs", "PROTOCOL.md"):
            self.assertTrue((schemas / name).exists(), name)

    def test_are_no_paths_of_the_build(self):
        """What is installed can be moved."""
        tree = str(HERE.parents[2])
        for path in (PREFIX / "lib").rglob("cmake/tickrelay/*.cmake"):
            self.assertNotIn(tree, path.read_text(), path)


if __name__ == "__main__":
    run()
