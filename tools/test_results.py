#!/usr/bin/env python3
"""Reads what ctest's runs left (--output-junit), the first run and, if there was one, the second of what failed in it.

    tools/test_results.py again FIRST           the failed tests that deserve a second, quiet run: a regex for `ctest -R`
    tools/test_results.py count FIRST [SECOND]  `passed failed skipped`, then a line per failed or unsteady test

A test that fails among others on a busy machine and passes alone is unsteady: it counts as passed and is named. What a
sanitizer reported is never forgiven, nor are more than five failures: they are the change's, not the machine's.
"""
import re
import sys
import xml.etree.ElementTree

FORGIVEN_AT_MOST = 5
SANITIZER = re.compile(r"(Address|Leak|Thread|Memory)Sanitizer|runtime error: ")


def read(path):
    """{name: (status, output)}; status is ctest's: run, fail, notrun or disabled."""
    cases = xml.etree.ElementTree.parse(path).getroot().iter("testcase")
    return {case.get("name"): (case.get("status"), case.findtext("system-out") or "") for case in cases}


def failed_in(results):
    return [name for name, (status, _) in results.items() if status == "fail"]


def again(first):
    failed = failed_in(first)
    if len(failed) > FORGIVEN_AT_MOST:
        return ""
    names = [name for name in failed if not SANITIZER.search(first[name][1])]
    return "|".join("^" + re.escape(name) + "$" for name in names)


def telling(lines):
    """The end of what a test printed; where a sanitizer ended it, the begin of its report."""
    for number, line in enumerate(lines):
        if SANITIZER.search(line):
            return lines[number:number + 60]
    return lines[-30:]


def count(first, second):
    """[passed, failed, skipped] and the lines to print."""
    lines = []
    final = {**first, **{name: entry for name, entry in second.items() if entry[0] == "run"}}
    for name in failed_in(first):
        was = "FAILED" if final[name][0] != "run" else "unsteady (passed when run alone)"
        lines.append(f"{was}: {name}")
        lines += ["    " + line for line in telling(first[name][1].strip().splitlines())]
    status = [entry[0] for entry in final.values()]
    good, bad = status.count("run"), status.count("fail")
    return [good, bad, len(status) - good - bad], lines


def main(arguments):
    if len(arguments) < 2 or arguments[0] not in ("again", "count"):
        sys.exit(__doc__.split("\n\n")[1])
    first = read(arguments[1])
    if arguments[0] == "again":
        print(again(first))
        return
    totals, lines = count(first, read(arguments[2]) if len(arguments) > 2 else {})
    print(*totals)
    print(*lines, sep="\n")


if __name__ == "__main__":
    main(sys.argv[1:])
