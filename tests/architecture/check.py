#!/usr/bin/env python3
"""Checks the sources against the rules of docs/design/layers.md; prints each breach as `file:line: rule`.

usage: check.py ROOT
"""

import pathlib
import re
import sys

from own_names import shared_names

PURE = ("base", "core", "plan", "monitor")
SOURCE_FOLDERS = ("include", "lib", "apps", "examples", "tests", "bench")
MAX_LINES = 400

INCLUDE = re.compile(r'^\s*#\s*include\s*[<"]([^>"]+)[>"]')
HEAVY_IN_PUBLIC = re.compile(
    r"^(boost/asio\.hpp|boost/beast|boost/asio/ssl|boost/asio/steady_timer|boost/asio/system_timer|boost/process"
    r"|spdlog/|sqlite3|yaml-cpp/|valijson/|openssl/|catch2/)")
TOO_WIDE = re.compile(r"^(boost/asio\.hpp|boost/beast\.hpp|boost/beast/http\.hpp|catch2/catch_all\.hpp)$")
NOT_PURE = re.compile(r"^(boost/asio|boost/beast|sys/socket|netinet/|arpa/|netdb)")
NOT_IN_CORE = re.compile(r"^(mutex|shared_mutex|thread|condition_variable|future|fstream|filesystem|cstdio|unistd)(\.h)?$")
CLOCK = re.compile(r"_clock\s*::\s*now\b|\bclock_gettime\b|\bgettimeofday\b")
DETACHED = re.compile(r"\bdetached\b|\.\s*detach\s*\(")
TIMER = re.compile(r"\bsteady_timer\b|\bsystem_timer\b|\bexpires_(after|at)\b")
# GCC 14 evaluates both operands, and both branches, of these: see docs/design/compilers.md.
AWAIT_IN_RETURN_CONDITION = re.compile(
    r"co_return\b[^;{]*(?:\bco_await\b[^;{]*(?:&&|\|\||\?)|(?:&&|\|\||\?)[^;{]*\bco_await\b)")
# Arguments are evaluated in any order, and GCC begins with the last.
CALL = re.compile(r"\w\(")
MOVED = re.compile(r"std::move\((\w+)\)")
# Catch2 takes such a name for a flag when CTest asks it for that one test.
NAME_LIKE_A_FLAG = re.compile(r'^(?:TEST_CASE|TEST_CASE_METHOD|TEMPLATE_TEST_CASE)\([^"\n]*"-')
TOKEN = re.compile(
    r'R"([^(\s]*)\(.*?\)\1"|"(?:\\.|[^"\\\n])*"|(?<![0-9a-fA-F])\'(?:\\.|[^\'\\\n])*\'|//[^\n]*|/\*.*?\*/', re.DOTALL)


def code_of(text):
    """The text without comments and without the insides of literals, on the same lines."""
    def blank(match):
        return ('""' if match[0][0] in "\"R'" else "") + "\n" * match[0].count("\n")
    return TOKEN.sub(blank, text)


def arguments_of(code, opening):
    """Where each argument of a call begins and ends; `opening` is the place of its parenthesis."""
    found, depth, begin = [], 0, opening + 1
    for at in range(opening, len(code)):
        if code[at] in "([{":
            depth += 1
        elif code[at] in ")]}":
            depth -= 1
        if (code[at] == "," and depth == 1) or depth == 0:
            found.append((begin, at))
            begin = at + 1
        if depth == 0:
            break
    return found


def moved_beside_use(code):
    """Places of calls that move a variable in one argument and look at it in another."""
    for call in CALL.finditer(code):
        texts = [code[begin:end] for begin, end in arguments_of(code, call.end() - 1)]
        for moving in texts:
            for name in MOVED.findall(moving):
                use = re.compile(rf"(?<![\w.>]){name}(?:\.|->|\[)")
                if any(other is not moving and use.search(other) for other in texts):
                    yield call.start()


def layer_table(root):
    """Layer -> what it may include, in the order of lib/CMakeLists.txt."""
    table = {}
    text = re.sub(r"#.*", "", (root / "lib/CMakeLists.txt").read_text())
    for name, rest in re.findall(r"corchestra_layer\(\s*(\w+)([^)]*)\)", text):
        depends = re.search(r"\bDEPENDS\b((?:\s+(?!PUBLIC\b|PRIVATE\b)[\w:]+)*)", rest)
        table[name] = depends[1].split() if depends else []
    return table


def layer_of(path, root):
    parts = path.relative_to(root).parts
    if parts[:2] == ("include", "corchestra") and len(parts) > 3:
        return parts[2]
    if parts[0] == "lib" and len(parts) > 2:
        return parts[1]
    return None


class Checker:
    def __init__(self, root):
        self.root = root
        self.table = layer_table(root)
        self.breaches = []

    def report(self, path, line, rule):
        place = path.relative_to(self.root)
        self.breaches.append(f"{place}:{line}: {rule}")

    def check_table(self):
        path = self.root / "lib/CMakeLists.txt"
        seen = set()
        for name, depends in self.table.items():
            for other in depends:
                if other not in seen:
                    self.report(path, 1, f"layer '{name}' depends on '{other}', which is not below it")
            seen.add(name)
        for folder in sorted((self.root / "include/corchestra").iterdir()):
            if folder.is_dir() and folder.name not in self.table:
                self.report(folder, 1, f"folder '{folder.name}' is not a layer of lib/CMakeLists.txt")

    def check_includes(self, path, layer, lines):
        public = path.relative_to(self.root).parts[0] == "include"
        for number, line in enumerate(lines, 1):
            match = INCLUDE.match(line)
            if not match:
                continue
            name = match[1]
            if TOO_WIDE.match(name):
                self.report(path, number, f"<{name}> is too wide: include the narrow headers")
            if public and HEAVY_IN_PUBLIC.match(name):
                self.report(path, number, f"<{name}> is too heavy for a public header")
            if layer is None:
                continue
            parts = name.split("/")
            other = parts[1] if parts[0] == "corchestra" and len(parts) > 2 else parts[0]
            if other in self.table and other != layer and other not in self.table[layer]:
                self.report(path, number, f"layer '{layer}' may not include layer '{other}'")
            if layer in PURE and NOT_PURE.match(name):
                self.report(path, number, f"pure layer '{layer}' may not include <{name}>")
            if layer == "core" and NOT_IN_CORE.match(name):
                self.report(path, number, f"core may not include <{name}>: no files, threads or locks")

    def check_code(self, path, layer, text):
        def each(pattern, rule):
            for match in pattern.finditer(text):
                self.report(path, text.count("\n", 0, match.start()) + 1, rule)
        each(AWAIT_IN_RETURN_CONDITION, "co_await under &&, || or ?: in a co_return: name the operands first")
        for place in moved_beside_use(text):
            self.report(path, text.count("\n", 0, place) + 1,
                        "moved in one argument and used in another: which comes first is open")
        if layer is None:
            return
        if layer == "core":
            each(CLOCK, "core may not read a clock: time is an argument")
        each(DETACHED, "nothing is detached: every coroutine and thread has an owner that waits for it")
        if layer != "async":
            each(TIMER, "time comes from time_service: no timers outside of async")

    def check_file(self, path):
        text = path.read_text()
        lines = text.splitlines()
        if len(lines) > MAX_LINES:
            self.report(path, MAX_LINES, f"{len(lines)} lines, and {MAX_LINES} are the limit: one concept a file")
        if path.suffix == ".hpp" and "#pragma once" not in lines and path.name != "pch.hpp" and path.parent.name != "pch":
            self.report(path, 1, "a header starts with #pragma once")
        layer = layer_of(path, self.root)
        if layer not in self.table:
            layer = None
        self.check_includes(path, layer, lines)
        for number, line in enumerate(lines, 1):
            if NAME_LIKE_A_FLAG.match(line):
                self.report(path, number, "a test's name may not begin with '-'")
        if layer is not None or path.relative_to(self.root).parts[0] in ("apps", "examples"):
            self.check_code(path, layer, code_of(text))

    def check_own_names(self, folder):
        codes = {path: code_of(path.read_text()) for path in sorted(folder.glob("*.cpp"))}
        for path, place, name, other in shared_names(codes):
            self.report(path, codes[path].count("\n", 0, place) + 1,
                        f"'{name}' is this file's own, and {other.name} calls one of that name: a unity build would mix them up")

    def run(self):
        self.check_table()
        for folder in (*(self.root / "lib").glob("*"), *(self.root / "tests").glob("*"), self.root / "apps/corchestra"):
            self.check_own_names(folder)
        for folder in SOURCE_FOLDERS:
            for path in sorted((self.root / folder).rglob("*")):
                if path.suffix in (".hpp", ".cpp"):
                    self.check_file(path)
        return self.breaches


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    found = Checker(pathlib.Path(sys.argv[1]).resolve()).run()
    print("\n".join(found) or "no breaches")
    sys.exit(1 if found else 0)
