#!/usr/bin/env python3
"""Plants a violation of each kind in a tree of its own and expects tools/tidy to name it, and nothing else."""

import pathlib
import subprocess
import sys
import tempfile
import unittest

TIDY = pathlib.Path(__file__).with_name("tidy")
HEADER = "// What it is, and whose.\n#pragma once\n"
NOTE = "TO" + "DO"

# Shapes that are no long function: scopes, initialisers, callbacks of a test runner.
LONG_BUT_FINE = """// Long scopes around short functions.
#pragma once
namespace tickrelay {{
class Room : public std::enable_shared_from_this<Room> {{
 public:
  explicit Room(int size = int{{4}}) : size_{{size}}, name_{{"}}"}} {{ start(); }}
  std::function<void(int)> maker() const {{ return {{}}; }}
  struct Options {{
    char open = '{{';
    int million = 1'000'000;
{lines}
  }};
{lines}
}};
enum class Kind {{
{names}
}};
constexpr int table[] = {{
{names}
}};
}}  // namespace tickrelay
"""


class Tidy(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.TemporaryDirectory()
        self.addCleanup(self.folder.cleanup)
        self.root = pathlib.Path(self.folder.name)
        self.write("relay/CMakeLists.txt", "add_executable(a core/a.cpp run/a.cpp main.cpp)\n")

    def write(self, path, text):
        (self.root / path).parent.mkdir(parents=True, exist_ok=True)
        (self.root / path).write_text(text)

    def findings(self, *arguments):
        command = [sys.executable, str(TIDY), *arguments, str(self.root)]
        result = subprocess.run(command, capture_output=True, text=True, check=False)
        lines = [line for line in result.stdout.splitlines()[:-1] if not line.startswith("note:")]
        self.assertEqual(result.returncode, 1 if lines else 0, result.stdout + result.stderr)
        return lines

    def expect(self, *expected):
        found = self.findings()
        self.assertEqual(len(found), len(expected), found)
        for part in expected:
            self.assertTrue(any(part in line for line in found), f"{part!r} not in {found}")

    def test_a_clean_tree_has_no_findings(self):
        self.write("relay/core/a.h", HEADER)
        self.write("relay/core/a.cpp", '#include "core/a.h"\n#include <vector>\n')
        self.write("README.md", "# A\n")
        self.expect()

    def test_a_file_of_over_400_lines(self):
        self.write("relay/core/a.h", HEADER + "int a();\n" * 399)
        self.expect("relay/core/a.h:401: 401 lines")

    def test_a_function_of_over_60_lines(self):
        self.write("relay/core/a.cpp", "namespace a {\nint Room::tick(int now) const {\n" + "  now++;\n" * 59 + "}\n}\n")
        self.expect("relay/core/a.cpp:2: Room::tick has 61 lines")

    def test_a_function_of_60_lines_is_fine(self):
        body = "  if (now) { a(); }\n" * 58
        self.write("relay/core/a.cpp", "namespace a {\nint Room::tick(int now) const {\n" + body + "}\n}\n")
        self.expect()

    def test_long_functions_of_every_shape(self):
        body = "  step();\n" * 70 + "}"
        self.write("relay/core/a.cpp", f"TEST(Room, ticks) {{\n{body}\nRoom::Room(int a)\n    : a_{{a}} {{\n{body}\n"
                   f"const auto lambda = [](int a) {{\n{body};\nbool operator<(V a, V b) {{\n{body}\n")
        self.write("client-sdk/js/a.ts", "class A {\n  #secret = 1;\n  async join(name: { a: string } = {}): Promise<void> {\n"
                   f"{body}\n}}\nexport const send = (a: number) => {{\n{body};\n")
        self.write("tests/a.py", "def long():\n" + "    pass\n" * 70)
        self.expect("Room.ticks has 72", "Room::Room has 73", "lambda has 72", "operator< has 72", "join has 72", "send has 72",
                    "long has 71")

    def test_long_scopes_are_no_functions(self):
        self.write("relay/core/a.h", LONG_BUT_FINE.format(lines="  int a;\n" * 70, names="  a,\n" * 70))
        self.write("client-sdk/js/a.test.ts", 'describe("join", () => {\n' + '  it("works", () => { a(); });\n' * 70 + "});\n")
        self.expect()

    def test_an_exception_with_a_reason_excuses(self):
        self.write("relay/core/a.cpp", "int tick() {\n" + "  a();\n" * 60 + "}\n")
        self.write("tools/tidy.exceptions", "relay/core/a.cpp:tick  one table of cases\n")
        self.expect()

    def test_an_exception_without_a_reason_or_a_use(self):
        self.write("tools/tidy.exceptions", "relay/core/a.cpp:tick\n")
        self.expect("has no reason", "needs no exception")

    def test_includes_that_run_the_wrong_way(self):
        for path in ("core/room.h", "core/limits.h", "run/worker.h", "run/loop.h", "door/admin.h"):
            self.write(f"relay/{path}", HEADER)
        self.write("relay/core/a.cpp", '#include "run/worker.h"\n')
        self.write("relay/run/a.cpp", '#include "../door/admin.h"\n#include "relay/core/room.h"\n')
        self.write("relay/run/loop.h", HEADER + '#include "worker.h"\n')
        self.write("relay/core/limits.h", HEADER + '#include "room.h"\n')
        self.write("client-sdk/cpp/a.h", HEADER + '#include "relay/core/limits.h"\n')
        self.expect("core may not include relay/run/worker.h", "run may not include relay/door/admin.h",
                    "loop and worker never", "bottom may not include relay/core/room.h", "client-sdk may not include")

    def test_headers_out_of_place(self):
        self.write("relay/core/a.cpp", "#include <atomic>\n#include <chrono>\n#include <sys/socket.h>\n")
        self.write("relay/door/a.h", HEADER + "#include <libwebsockets.h>\n#include <thread>\n#include <atomic>\n")
        self.write("relay/run/a.cpp", "#include <concurrentqueue/concurrentqueue.h>\n#include <atomic>\n")
        self.expect("core may not include <atomic>", "core may not include <chrono>", "core may not include <sys/socket.h>",
                    "<libwebsockets.h> belongs to relay/run/", "<atomic> belongs to relay/run/", "spell it <concurrentqueue.h>")

    def test_a_third_party_header_in_many_files(self):
        for name in "abcd":
            self.write(f"relay/door/{name}.h", HEADER + "#include <sqlite3.h>\n")
        self.expect("<sqlite3.h> is in 4 files")

    def test_a_stranger_at_the_top(self):
        self.write("src/notes.md", "a\n")
        self.expect("src:1: is not among")

    def test_a_source_that_no_list_names(self):
        self.write("relay/core/b.cpp", "int b;\n")
        self.expect("relay/core/b.cpp:1: is not listed")

    def test_notes_to_oneself_and_blanks(self):
        self.write("relay/core/a.cpp", f"// {NOTE}: later\nint a; \n\tint b;\nint c;")
        self.expect(NOTE, "a.cpp:2: trailing", "a.cpp:3: a tab", "a.cpp:4: no line break")

    def test_a_header_without_guard_or_comment(self):
        self.write("relay/core/a.h", "int a();\n")
        self.expect("no #pragma once", "no opening comment")

    def test_fix_strips_trailing_blanks(self):
        self.write("relay/core/a.cpp", "int a;  \n")
        self.assertEqual(self.findings("--fix"), [])
        self.assertEqual((self.root / "relay/core/a.cpp").read_text(), "int a;\n")


if __name__ == "__main__":
    unittest.main()
