#!/usr/bin/env python3
"""Compiles each public header by itself; prints what the compiler says of those that do not stand alone.

The headers that most others include are precompiled. A header gets only what it includes anyway, so that nothing it forgot is
there; what it includes is checked by itself.

usage: headers_alone.py ROOT COMPILER [FLAG...]
"""

import concurrent.futures
import os
import pathlib
import re
import subprocess
import sys
import tempfile

INCLUDE = re.compile(r"^\s*#\s*include\s*<([^>]+)>", re.MULTILINE)


def included_with(own):
    """Header -> all that comes with it, ours and others'; `own`: header -> what it includes itself."""
    found = {}

    def of(name):
        if name not in found:
            found[name] = frozenset()  # in case of a circle
            found[name] = frozenset().union(own.get(name, ()), *(of(i) for i in own.get(name, ())))
        return found[name]

    return {name: of(name) for name in own}


def weight(name):
    """Roughly the time it takes; these two are most of it."""
    return 20 if name.startswith(("boost/asio", "nlohmann")) else 1


def to_precompile(included):
    """Those that save the most, one after the other."""
    cost = {name: weight(name) + sum(map(weight, all_of)) for name, all_of in included.items()}
    chosen, saved = [], dict.fromkeys(included, 0)

    def gain(candidate):
        users = [name for name, all_of in included.items() if candidate in all_of]
        return sum(max(0, cost[candidate] - saved[name]) for name in users) - cost[candidate]

    while gain(best := max(included, key=gain)) > 0:
        chosen.append(best)
        for name, all_of in included.items():
            if best in all_of:
                saved[name] = max(saved[name], cost[best])
    return sorted(chosen, key=cost.get, reverse=True)


class Compiler:
    def __init__(self, command, folder):
        self.command = command
        self.folder = folder

    def place(self, name):
        return self.folder / (name.replace("/", "_"))

    def precompile(self, name):
        """Without effect when it does not compile: `check` will say so."""
        place = self.place(name)
        place.write_text(f"#include <{name}>\n")
        subprocess.run([*self.command, "-x", "c++-header", place, "-o", f"{place}.gch"], capture_output=True)

    def check(self, name, precompiled):
        source = self.place(name).with_suffix(".cpp")
        source.write_text(f"#include <{name}>\n#include <{name}>\n")
        first = ["-include", self.place(precompiled)] if precompiled else []
        return subprocess.run([*self.command, *first, "-fsyntax-only", source], capture_output=True, text=True)


def main(root, *command):
    include = pathlib.Path(root) / "include"
    own = {str(path.relative_to(include)): INCLUDE.findall(path.read_text()) for path in sorted(include.rglob("*.hpp"))}
    if not own:
        sys.exit(f"{include} has no public headers")
    included = included_with(own)
    heavy = to_precompile(included)
    with tempfile.TemporaryDirectory() as folder, concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        compiler = Compiler([*command, f"-I{include}"], pathlib.Path(folder))
        list(pool.map(compiler.precompile, heavy))
        results = pool.map(lambda name: compiler.check(name, next((h for h in heavy if h in included[name]), None)), own)
        wrong = [(name, r.stderr) for name, r in zip(own, results) if r.returncode != 0 or r.stderr]
    for name, said in wrong:
        print(f"include/{name} does not compile alone:\n{said}")
    print(f"{len(own)} public headers, {len(wrong)} do not compile alone")
    return 1 if wrong else 0


if __name__ == "__main__":
    if len(sys.argv) < 3:
        sys.exit(__doc__)
    sys.exit(main(*sys.argv[1:]))
