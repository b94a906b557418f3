#!/usr/bin/env python3
"""What is run again, what is forgiven, and what is not."""

import subprocess
import sys
import tempfile
import unittest

FILES = []  # stay until the end
SCRIPT = __file__.replace("test_results_test.py", "test_results.py")


def results(**cases):
    """A file as ctest writes it; a case is its status and its output."""
    file = tempfile.NamedTemporaryFile("w", suffix=".xml")
    body = "".join(
        f'<testcase name="{name}" status="{status}"><system-out>{output}</system-out></testcase>'
        for name, (status, output) in cases.items()
    )
    file.write(f'<?xml version="1.0"?><testsuite>{body}</testsuite>')
    file.flush()
    FILES.append(file)
    return file


def call(*arguments):
    done = subprocess.run([sys.executable, SCRIPT, *arguments], capture_output=True, text=True, check=True)
    return done.stdout.splitlines()


class Results(unittest.TestCase):
    def test_nothing_failed(self):
        first = results(A=("run", ""), B=("notrun", "no NATS"))
        self.assertEqual(call("again", first.name), [""])
        self.assertEqual(call("count", first.name)[0], "1 0 1")

    def test_what_passes_alone_counts_and_is_named(self):
        first = results(A=("run", ""), B=("fail", "late"))
        second = results(B=("run", ""))
        self.assertEqual(call("again", first.name), ["^B$"])
        lines = call("count", first.name, second.name)
        self.assertEqual(lines[0], "2 0 0")
        self.assertIn("unsteady (passed when run alone): B", lines)
        self.assertIn("    late", lines)

    def test_what_fails_twice_has_failed(self):
        first, second = results(A=("run", ""), B=("fail", "")), results(B=("fail", ""))
        lines = call("count", first.name, second.name)
        self.assertEqual(lines[0], "1 1 0")
        self.assertIn("FAILED: B", lines)

    def test_what_is_skipped_the_second_time_is_not_forgiven(self):
        lines = call("count", results(B=("fail", "")).name, results(B=("notrun", "")).name)
        self.assertEqual(lines[0], "0 1 0")
        self.assertIn("FAILED: B", lines)

    def test_a_sanitizer_report_is_not_forgiven(self):
        for report in ("WARNING: ThreadSanitizer: data race", "ERROR: AddressSanitizer: heap", "x.cpp:3: runtime error: shift"):
            first = results(A=("fail", report), B=("fail", "late"))
            self.assertEqual(call("again", first.name), ["^B$"])
            self.assertEqual(call("count", first.name, results(B=("run", "")).name)[0], "1 1 0")

    def test_many_failures_are_the_changes_own(self):
        self.assertEqual(call("again", results(**{f"T{i}": ("fail", "") for i in range(6)}).name), [""])


if __name__ == "__main__":
    unittest.main()
