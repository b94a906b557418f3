"""What tools/deploy gives to a fleet: every file is read by the program that it is for, and names nothing that the relay does not have.

The container image and the compose file are not built here; what is in them is held against the relay, the balancer and this machine.
"""

import json
import os
import pathlib
import re
import shutil
import subprocess
import tempfile
import unittest

from relay import PROGRAM, run

DEPLOY = pathlib.Path(__file__).resolve().parents[3] / "tools/deploy"
UNITS = pathlib.Path(os.environ["TICKRELAY_UNIT"]).parent
REFERENCE = (DEPLOY.parents[1] / "relay/REFERENCE.md").read_text()
SBIN = "/usr/sbin:/sbin:/usr/local/sbin"
HAPROXY = shutil.which("haproxy") or shutil.which("haproxy", path=SBIN)
NATS_SERVER = shutil.which("nats-server") or shutil.which("nats-server", path=SBIN)
EXPOSURE_MAX = 25  # of 100, as for a relay alone

try:
    import yaml
except ImportError:
    yaml = None


def output(*command, **more):
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, **more)
    return done.returncode, done.stdout + done.stderr


def metrics():
    """Every sample's name that /metrics may have."""
    names = set()
    for name, kind in re.findall(r"^\| `(\w+)` \| (gauge|counter|histogram) \|", REFERENCE, re.MULTILINE):
        names |= {name + end for end in ("_bucket", "_sum", "_count")} if kind == "histogram" else {name}
    return names


def variables():
    """Every environment variable that the relay reads."""
    names, section = set(), ""
    for line in REFERENCE.split("## Room settings")[0].splitlines():
        if heading := re.match(r"### \[(\w+)\]", line):
            section = heading[1] + "_"
        if key := re.match(r"\| `(\w+)`", line):
            names.add(("TICKRELAY_" + section + key[1]).upper())
    return names


class Balancer(unittest.TestCase):
    @unittest.skipUnless(HAPROXY, "haproxy is not installed: tools/packages test")
    def test_is_understood_by_haproxy(self):
        with tempfile.TemporaryDirectory() as folder:
            key, pem = pathlib.Path(folder, "key.pem"), pathlib.Path(folder, "play.pem")
            output("openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-subj", "/CN=localhost",
                   "-keyout", str(key), "-out", str(pem))
            pem.write_text(pem.read_text() + key.read_text())
            status, text = output(HAPROXY, "-c", "-f", str(DEPLOY / "haproxy.cfg"), env={**os.environ, "TICKRELAY_CERT": str(pem)})
            self.assertEqual((status, "WARNING" in text), (0, False), text)


class Node(unittest.TestCase):
    def test_configuration_is_understood_by_the_relay(self):
        environment = {**os.environ, "TICKRELAY_TICKET_SECRET": "bWF0Y2ggc2VydmVycyBzaWduIHRpY2tldHMgd2l0aCB0aGlz",
                       "TICKRELAY_NODE_NAME": "a", "TICKRELAY_PUBLIC_URL": "wss://play.example/n/a/v1"}
        status, text = output(PROGRAM, "--config", str(DEPLOY / "fleet.toml"), "--check-config", env=environment)
        self.assertEqual(status, 0, text)
        warnings = [line for line in text.splitlines() if line.startswith("warning")]
        self.assertEqual([line for line in warnings if "the operations port" not in line], [])  # which an inner network is to hide

    @unittest.skipUnless(shutil.which("systemd-analyze"), "systemd is not installed")
    def test_unit_is_understood_by_systemd_and_gives_away_no_more_than_a_lone_relays(self):
        unit, alone = UNITS / "tickrelay@.service", UNITS / "tickrelay.service"
        with tempfile.TemporaryDirectory() as folder:
            copy = pathlib.Path(folder, "tickrelay@a.service")
            copy.write_text(re.sub("ExecStart=\\S+", f"ExecStart={PROGRAM}", re.sub("Documentation=.*\n", "", unit.read_text())))
            said = [line for line in output("systemd-analyze", "verify", str(copy))[1].splitlines() if copy.name in line]
            self.assertEqual(said, [])
        status, text = output("systemd-analyze", "security", "--offline=true", f"--threshold={EXPOSURE_MAX}", "--no-pager", str(unit))
        if "unrecognized option" not in text:
            self.assertEqual(status, 0, text)
        own = ("ExecStart", "EnvironmentFile", "Description", "RuntimeDirectory=", "StateDirectory=", "#")
        sandbox = [[line for line in path.read_text().splitlines() if not line.startswith(own)] for path in (unit, alone)]
        self.assertEqual(*sandbox)
        self.assertEqual(unit.read_text().count("%i"), 9)

    def test_flags_of_the_units_are_the_relays(self):
        known = output(PROGRAM, "--help")[1]
        for unit in UNITS.glob("*.service"):
            for flag in re.findall(r" (--[\w-]+)", re.search("ExecStart=.*", unit.read_text())[0]):
                self.assertIn(flag, known)


class Monitoring(unittest.TestCase):
    @unittest.skipUnless(shutil.which("promtool"), "promtool is not installed: tools/packages test")
    def test_configuration_is_understood_by_prometheus(self):
        status, text = output("promtool", "check", "config", str(DEPLOY / "prometheus.yml"))
        self.assertEqual(status, 0, text)
        self.assertIn("rules found", text)

    def test_the_dashboard_shows_what_there_is(self):
        dashboard, known = json.loads((DEPLOY / "dashboard.json").read_text()), metrics()
        self.assertGreater(len(known), 40)
        expressions = [target["expr"] for panel in dashboard["panels"] for target in panel["targets"]]
        used = {name for each in expressions for name in re.findall(r"\b((?:tickrelay|process)_\w+)", each)}
        self.assertGreater(len(used), 20)
        self.assertEqual(used - known, set())
        self.assertEqual(len({panel["id"] for panel in dashboard["panels"]}), len(dashboard["panels"]))
        if shutil.which("promtool"):
            with tempfile.TemporaryDirectory() as folder:
                rules = pathlib.Path(folder, "rules.yml")
                plain = [each.replace("$__rate_interval", "1m").replace("$node", "a") for each in expressions]
                rules.write_text(json.dumps({"groups": [{"name": "d", "rules": [{"record": f"panel:{n}", "expr": each} for n, each in enumerate(plain)]}]}))
                status, text = output("promtool", "check", "rules", str(rules))
                self.assertEqual(status, 0, text)

    def test_the_alerts_watch_what_there_is(self):
        used = set(re.findall(r"\b((?:tickrelay|process)_\w+)", " ".join(re.findall(r"expr: (.*(?:\n {10,}.*)*)", (DEPLOY / "alerts.yml").read_text()))))
        self.assertEqual(used - metrics(), set())


@unittest.skipUnless(yaml, "python3-yaml is not installed: tools/packages test")
class Compose(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        folder = DEPLOY / "container"
        cls.services = yaml.safe_load((folder / "compose.yml").read_text())["services"]
        for name in ("grafana.yml", "dashboards.yml"):
            yaml.safe_load((folder / name).read_text())

    def relays(self):
        return {name: service for name, service in self.services.items() if name.startswith("relay-")}

    def test_sets_what_the_relay_reads(self):
        self.assertEqual(len(self.relays()), 3)
        known = output(PROGRAM, "--help")[1]
        for name, relay in self.relays().items():
            mine = {key for key in relay["environment"] if key != "TICKRELAY_TICKET_SECRET"}  # that one fleet.toml names
            self.assertEqual(mine - variables(), set())
            self.assertEqual(relay["environment"]["TICKRELAY_NODE_NAME"], name.removeprefix("relay-"))
            for flag in filter(lambda word: word.startswith("--"), relay["command"]):
                self.assertIn(flag, known)
        self.assertIn("env:TICKRELAY_TICKET_SECRET", (DEPLOY / "fleet.toml").read_text())
        self.assertEqual(self.services["haproxy"]["environment"].keys() - set(re.findall(r"presetenv (\w+)", (DEPLOY / "haproxy.cfg").read_text())), set())

    def test_every_name_is_a_service_and_every_file_is_there(self):
        for server in re.findall(r"nats://([\w-]+):4222", (DEPLOY / "fleet.toml").read_text()):
            self.assertIn(server, self.services)
        for target in re.findall(r'targets: \["([\w-]+):', (DEPLOY / "prometheus.yml").read_text()):
            self.assertIn(target, self.services)
        for service in self.services.values():
            for volume in service.get("volumes", []):
                source = volume.split(":")[0]
                if source.startswith(".") and source != "./play.pem":  # the operator's certificate
                    self.assertTrue((DEPLOY / "container" / source).exists(), source)

    @unittest.skipUnless(NATS_SERVER, "nats-server is not installed: tools/packages test")
    def test_starts_nats_with_flags_that_it_has(self):
        known = output(NATS_SERVER, "--help")[1]
        for number in (1, 2, 3):
            for flag in filter(lambda word: word.startswith("-"), self.services[f"nats-{number}"]["command"]):
                self.assertRegex(known, rf"(?m)(^|[\s,]){re.escape(flag)}\b")


class Container(unittest.TestCase):
    @unittest.skipUnless(shutil.which("dpkg-query"), "no Debian")
    def test_has_every_library_of_the_relay(self):
        """On Debian 12, whose packages the image has; those that it names bring the rest."""
        if "VERSION_ID=\"12\"" not in pathlib.Path("/etc/os-release").read_text():
            self.skipTest("this is not Debian 12")
        named = set(re.search(r"--no-install-recommends (.*?)&& rm", (DEPLOY / "container/Containerfile").read_text(), re.S)[1].replace("\\", " ").split())
        brought, due = set(), [*named, "libc6", "libstdc++6", "libgcc-s1"]
        while due:
            name = due.pop()
            if name in brought:
                continue
            brought.add(name)
            depends = output("dpkg-query", "-W", "-f", "${Depends}", name)[1]
            due += [re.match(r"[\w.+-]+", each.strip())[0] for each in re.split("[,|]", depends) if re.match(r"[\w.+-]+", each.strip())]
        libraries = re.findall(r"=> (/\S+)", output("ldd", PROGRAM)[1])
        self.assertGreater(len(libraries), 5)
        if any("san.so" in library for library in libraries):
            self.skipTest("a sanitizer's build is not what is installed, and needs more")
        for library in libraries:
            real = os.path.realpath(library)  # /lib is a link to /usr/lib, and the packages know one of them
            owners = [text.split(":")[0] for status, text in (output("dpkg-query", "-S", each) for each in (real, real.removeprefix("/usr"))) if status == 0]
            self.assertIn(*owners[:1] or ["nobody"], brought, library)


if __name__ == "__main__":
    run()
