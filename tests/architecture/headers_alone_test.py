#!/usr/bin/env python3
"""Tests headers_alone.py on headers made for it: some lean on what others include, or are not guarded.

usage: headers_alone_test.py COMPILER [FLAG...]
"""

import pathlib
import subprocess
import sys
import tempfile

SCRIPT = pathlib.Path(__file__).with_name("headers_alone.py")
ONCE = "#pragma once\n"
USES_VECTOR = "inline std::vector<int> numbers() { return {1, 2}; }\n"


def run(command, headers):
    with tempfile.TemporaryDirectory() as root:
        for name, text in headers.items():
            path = pathlib.Path(root) / "include/own" / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)
        return subprocess.run([sys.executable, "-B", SCRIPT, root, *command], capture_output=True, text=True)


def check(command, headers, wrong):
    got = run(command, headers)
    reported = sorted(line.split()[0] for line in got.stdout.splitlines() if "does not compile alone" in line)
    expected = [f"include/own/{name}" for name in sorted(wrong)]
    assert reported == expected and got.returncode == (1 if wrong else 0), f"{headers}: {got.stdout}{got.stderr}"


def main(*command):
    many = {f"user{i}.hpp": ONCE + "#include <own/heavy.hpp>\n" for i in range(5)}  # so that heavy.hpp is precompiled
    heavy = {"heavy.hpp": ONCE + "#include <vector>\n"}
    check(command, heavy | many, wrong=[])
    check(command, heavy | many | {"good.hpp": ONCE + "#include <own/user1.hpp>\n" + USES_VECTOR}, wrong=[])
    check(command, heavy | many | {"leaning.hpp": ONCE + USES_VECTOR}, wrong=["leaning.hpp"])
    check(command, {"heavy.hpp": ONCE + USES_VECTOR} | many, wrong=["heavy.hpp", *many])
    check(command, {"unguarded.hpp": "inline int defined = 1;\n"}, wrong=["unguarded.hpp"])
    assert "no public headers" in run(command, {}).stderr


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
