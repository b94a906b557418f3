"""/metrics against the real Prometheus: promtool has nothing to say, and a server scrapes it without a warning."""

import http.client
import json
import pathlib
import shutil
import socket
import subprocess
import tempfile
import unittest

from relay import Relay, run, until


def free_port():
    with socket.create_server(("127.0.0.1", 0)) as probe:
        return probe.getsockname()[1]


class Metrics(unittest.TestCase):
    def setUp(self):
        self.relay = Relay()
        self.addCleanup(self.relay.close)
        self.player = self.relay.player(mode="JoinOrCreate", type="relay")
        self.addCleanup(self.player.close)

    def test_have_every_documented_family_and_no_room_or_player(self):
        page = self.relay.get("/metrics")[1]
        for name in ("tickrelay_rooms", "tickrelay_players", "tickrelay_connections", "tickrelay_tick_duration_seconds",
                     "tickrelay_tick_lateness_seconds", "tickrelay_ticks_total", "tickrelay_ticks_skipped_total",
                     "tickrelay_state_age_seconds", "tickrelay_frames_sent_total", "tickrelay_frames_superseded_total",
                     "tickrelay_bytes_sent_total", "tickrelay_bytes_received_total", "tickrelay_messages_received_total",
                     "tickrelay_refused_total", "tickrelay_closed_total", "tickrelay_resumes_total", "tickrelay_queue_depth",
                     "tickrelay_headroom_ratio", "tickrelay_build_info", "process_cpu_seconds_total", "process_resident_memory_bytes"):
            self.assertIn(f"# TYPE {name} ", page)
        for room in self.relay.call("room.list")["rooms"]:
            self.assertNotIn(room["room_id"], page)

    @unittest.skipUnless(shutil.which("promtool"), "promtool is not installed (Debian package prometheus)")
    def test_leave_promtool_nothing_to_say(self):
        checked = subprocess.run(["promtool", "check", "metrics"], input=self.relay.get("/metrics")[1], capture_output=True,
                                 text=True, timeout=60)
        self.assertEqual((checked.returncode, checked.stdout + checked.stderr), (0, ""))

    @unittest.skipUnless(shutil.which("prometheus"), "prometheus is not installed (Debian package prometheus)")
    def test_are_scraped_by_a_prometheus_without_a_warning(self):
        with tempfile.TemporaryDirectory() as folder:
            config = pathlib.Path(folder, "prometheus.yml")
            config.write_text(f"""
global: {{scrape_interval: 1s, scrape_timeout: 1s}}
scrape_configs:
  - job_name: tickrelay
    static_configs: [{{targets: ["127.0.0.1:{self.relay.ops_port}"]}}]
""")
            port, log = free_port(), pathlib.Path(folder, "log")
            with open(log, "wb") as output:
                server = subprocess.Popen(["prometheus", f"--config.file={config}", f"--storage.tsdb.path={folder}/data",
                                           f"--web.listen-address=127.0.0.1:{port}"], stdout=output, stderr=output)
            try:
                self.assertEqual(until(lambda: self.query(port, "tickrelay_players")), "1")
                self.assertEqual(self.query(port, 'up{job="tickrelay"}'), "1")
                self.assertIsNotNone(until(lambda: self.query(port, "sum(rate(tickrelay_ticks_total[10s])) > 0")))
                told = [line for line in log.read_text().splitlines() if "level=warn" in line or "level=error" in line]
            finally:
                server.terminate()
                server.wait(30)
            self.assertEqual(told, [])

    @staticmethod
    def query(port, expression):
        """The first sample's value; None where there is none yet."""
        try:
            connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
            connection.request("POST", "/api/v1/query", "query=" + expression.replace("+", "%2B"),
                               {"Content-Type": "application/x-www-form-urlencoded"})
            found = json.loads(connection.getresponse().read())["data"]["result"]
            connection.close()
            return found[0]["value"][1] if found else None
        except (OSError, KeyError, ValueError, http.client.HTTPException):
            return None


if __name__ == "__main__":
    run()
