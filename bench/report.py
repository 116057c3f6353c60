#!/usr/bin/env python3
"""Builds and runs a suite of benchmarks, prints its table, and compares with a stored baseline.

usage: scripts/bench engine|llm [option...]

  --json              a line of JSON a row instead of the table
  --rows A,B          only these rows (default: all, and the peers that are present)
  --rounds N          pairs of measurements a row (9); the medians count
  --save FILE         stores the result, for example benchmarks/2026-11-21.json or bench/baseline.json; rows that are
                      in the file and were not measured stay
  --baseline FILE     what to compare with (bench/baseline.json, bench/llm_baseline.json); without the file nothing is
                      measured
  --no-baseline       compares with nothing, as does --save without --baseline when there is no baseline yet
  --tolerance PERCENT how much worse than the baseline a row may be (25)
  --peers             installs the peers from npm first (npm ci in bench/peers)
  --no-build          takes the programs as they are

Exit code: 0; 1 when a row is worse than the baseline by more than the tolerance (twice: it is measured again first),
computed something wrong, or there is no baseline; 2 when the arguments are wrong. A row of the baseline that was asked
for and could not be measured is told, and is no error.
"""

import argparse
import datetime
import json
import os
import pathlib
import platform
import shutil
import subprocess
import sys

from suites import ROOT, SUITES

PROGRAMS = ROOT / "build/bench/bench"
PEERS = ROOT / "bench/peers"
KEYS = ("name", "unit", "ours", "beside", "ratio", "better", "least", "aim")
SKIPPED = 77

INVESTIGATE = """\
What to do:
  1. measure again on an idle machine: scripts/bench {suite} --rows {rows}
  2. find the change: git bisect run scripts/bench {suite} --rows {rows}
  3. find the place: perf record -g build/bench/bench/{first} --rounds 1
  4. mend it, or accept it and say why: scripts/bench {suite} --save {baseline}
"""


class Skipped(Exception):
    """The row cannot be measured here; the text says why."""


class Failed(Exception):
    """The row's program ended with an error."""


def judged(row):
    """The number that is compared: the ratio, or the value itself where nothing is beside it."""
    return row["ours"] if row["ratio"] is None else row["ratio"]


def worse_by(row, before):
    """How much worse than `before`, as a fraction: 0.25 is 25 % worse, negative is better."""
    now, then = judged(row), judged(before)
    return now / then - 1 if row["better"] == "lower" else then / now - 1


def is_peer(name):
    return name.startswith("peer_")


def regressions(rows, baseline, tolerance):
    """[(row, row of the baseline)] where a row is worse by more than `tolerance`. Peers and new rows never are."""
    before = {row["name"]: row for row in baseline}
    own = [row for row in rows if not is_peer(row["name"])]
    pairs = [(row, before[row["name"]]) for row in own if row["name"] in before]
    return [(row, then) for row, then in pairs if worse_by(row, then) > tolerance]


def not_measured(suite, rows, baseline, asked):
    """Names of the baseline's rows whose program was asked for and which are not among `rows`."""
    measured = {row["name"] for row in rows}
    names = [row["name"] for row in baseline if not is_peer(row["name"])]
    return [name for name in names if suite.program_row(name) in asked and name not in measured]


def better_of(row, again):
    return again if worse_by(again, row) < 0 else row


def verdict(row):
    """Against the row's own limits: `aim`, `least`, `missed`, or empty when it has none."""
    if row["least"] is None:
        return ""
    sign = 1 if row["better"] == "lower" else -1
    for limit in ("aim", "least"):
        if sign * judged(row) <= sign * row[limit]:
            return limit
    return "missed"


def number(value):
    if value is None:
        return ""
    if abs(value) >= 1000:
        return f"{value:,.0f}"
    return f"{value:.3g}"


def table(suite, rows):
    head = ("row", "ours", "beside", "", "unit", "ratio", "least", "aim", "reached")
    lines = [head]
    for row in rows:
        lines.append((row["name"], number(row["ours"]), number(row["beside"]), suite.beside.get(row["name"], ""), row["unit"],
                      number(row["ratio"]), number(row["least"]), number(row["aim"]), verdict(row)))
    widths = [max(len(line[i]) for line in lines) for i in range(len(head))]
    right = {1, 2, 5, 6, 7}
    return "\n".join("  ".join(cell.rjust(w) if i in right else cell.ljust(w)
                               for i, (cell, w) in enumerate(zip(line, widths))).rstrip() for line in lines)


def parse_rows(text):
    """The rows of a program's output: JSON lines with exactly the known keys."""
    rows = [json.loads(line) for line in text.splitlines() if line.strip()]
    for row in rows:
        if tuple(row) != KEYS:
            raise Failed(f"unexpected keys: {', '.join(row)}")
    return rows


def load(path):
    """The rows of a stored result."""
    return json.loads(pathlib.Path(path).read_text(encoding="utf-8"))["rows"]


def processor():
    try:
        for line in pathlib.Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines():
            if line.startswith("model name"):
                return line.split(":", 1)[1].strip()
    except OSError:
        pass
    return platform.processor() or platform.machine()


def save(path, rows, date):
    path = pathlib.Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    measured = {row["name"]: row for row in rows}
    kept = load(path) if path.exists() else []
    rows = [measured.pop(row["name"], row) for row in kept] + list(measured.values())
    head = {"date": date, "processor": processor(), "cores": len(os.sched_getaffinity(0))}
    body = ",\n".join("    " + json.dumps(row) for row in rows)
    text = json.dumps(head, indent=2)[:-2] + ',\n  "rows": [\n' + body + "\n  ]\n}\n"
    path.write_text(text, encoding="utf-8")


def peer_command(name):
    if name == "peer_asyncio":
        return [sys.executable, "-B", str(PEERS / "asyncio_peer.py")]
    if name == "peer_taskflow":
        program = PROGRAMS / "bench_peer_taskflow"
        if not program.exists():
            raise Skipped("Taskflow's headers are not installed")
        return [str(program)]
    if shutil.which("node") is None:
        raise Skipped("node is not installed")
    if not (PEERS / "node_modules").is_dir():
        raise Skipped("not installed: scripts/bench engine --peers")
    return ["node", "--no-warnings", str(PEERS / f"{name.removeprefix('peer_')}_peer.mjs")]


def row_command(suite, name):
    program = PROGRAMS / f"{suite.prefix}{name}"
    if not program.exists():
        raise Skipped("oneTBB is not installed (libtbb-dev)" if name == "dag" else f"{program} was not built")
    return [str(program)]


def on_one_core():
    os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})


def measure(suite, name, rounds):
    """The rows that the program of this name prints."""
    command = peer_command(name) if is_peer(name) else row_command(suite, name)
    done = subprocess.run(command + ["--rounds", str(rounds)], stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                          text=True, check=False, preexec_fn=on_one_core if is_peer(name) else None)
    message = done.stderr.strip()
    if done.returncode == SKIPPED:
        raise Skipped(message)
    if done.returncode != 0:
        raise Failed(message or f"exit code {done.returncode}")
    return parse_rows(done.stdout)


def measure_again(suite, name, rounds):
    """One row alone; a program may print several."""
    found = measure(suite, suite.program_row(name), rounds)
    return next(row for row in found if row["name"] == name)


def measure_all(suite, names, rounds, say):
    """(rows, whether a program failed)"""
    rows, failed = [], False
    for name in names:
        try:
            found = measure(suite, name, rounds)
            rows += found
            for row in found:
                say(f"{row['name']}: {number(row['ours'])} {row['unit']}")
        except Skipped as why:
            say(f"{name}: left out: {why}")
        except Failed as why:
            say(f"{name}: FAILED: {why}")
            failed = True
    return rows, failed


def compare(suite, rows, baseline, tolerance, again, say):
    """True when no row is worse than the baseline. Rows that seem to be are measured again by `again(row)`."""
    for row, _ in regressions(rows, baseline, tolerance):
        say(f"{row['name']}: worse than the baseline, measured again")
        rows[rows.index(row)] = better_of(row, again(row))
    left = regressions(rows, baseline, tolerance)
    for row, then in left:
        say(f"REGRESSION {row['name']}: {number(judged(row))}, baseline {number(judged(then))}: "
            f"{worse_by(row, then):.0%} worse, {tolerance:.0%} allowed")
    if left:
        names = [row["name"] for row, _ in left]
        say(INVESTIGATE.format(suite=suite.name, rows=",".join(names), first=suite.prefix + suite.program_row(names[0]),
                               baseline=os.path.relpath(suite.baseline, ROOT)).rstrip())
    return not left


def build(suite, names):
    targets = [f"{suite.prefix}{name}" for name in names if not is_peer(name) or name == "peer_taskflow"]
    command = [str(ROOT / "scripts/build"), "bench", *targets]
    if targets and subprocess.run(command, stdout=sys.stderr, check=False).returncode != 0:
        sys.exit("scripts/bench: the build failed")


def install_peers():
    if shutil.which("npm") is None:
        sys.exit("scripts/bench: --peers needs npm")
    if subprocess.run(["npm", "ci"], cwd=PEERS, stdout=sys.stderr, check=False).returncode != 0:
        sys.exit("scripts/bench: npm could not install the peers")


def arguments(words):
    parser = argparse.ArgumentParser(prog="scripts/bench", add_help=False,
                                     usage="scripts/bench engine|llm [option...]; all of them: --help")
    parser.add_argument("suite", choices=list(SUITES))
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--rows")
    parser.add_argument("--rounds", type=int, default=9)
    parser.add_argument("--save")
    parser.add_argument("--baseline")
    parser.add_argument("--no-baseline", action="store_true")
    parser.add_argument("--tolerance", type=float, default=25)
    parser.add_argument("--peers", action="store_true")
    parser.add_argument("--no-build", action="store_true")
    given = parser.parse_args(words)
    given.suite = SUITES[given.suite]
    known = given.suite.rows + given.suite.peer_rows
    given.rows = list(known) if given.rows is None else given.rows.split(",")
    unknown = [name for name in given.rows if name not in known]
    if unknown:
        parser.error(f"unknown row {unknown[0]}: one of {', '.join(known)}")
    if given.rounds < 1:
        parser.error("--rounds must be at least 1")
    if given.no_baseline and given.baseline is not None:
        parser.error("--baseline and --no-baseline exclude each other")
    if given.baseline is None and not given.no_baseline:
        stored = given.suite.baseline
        accepting = given.save and (pathlib.Path(given.save).resolve() == stored or not stored.exists())
        given.baseline = None if accepting else str(stored)
    return given


def main(words):
    if not words or "-h" in words or "--help" in words:
        print(__doc__.strip())
        return 0 if words else 2
    given = arguments(words)
    suite = given.suite

    def say(text):
        print(text, file=sys.stderr, flush=True)

    baseline = []
    if given.baseline is not None:
        if not pathlib.Path(given.baseline).exists():
            say(f"scripts/bench: no baseline {given.baseline}: give one, make one with --save {given.baseline}, or "
                "measure without with --no-baseline")
            return 1
        baseline = load(given.baseline)
    if not given.no_build:
        build(suite, given.rows)
    if given.peers:
        install_peers()
    rows, failed = measure_all(suite, given.rows, given.rounds, say)
    good = True
    if given.baseline is not None:
        for name in not_measured(suite, rows, baseline, given.rows):
            say(f"{name}: in the baseline, and not measured")
        good = compare(suite, rows, baseline, given.tolerance / 100,
                       lambda row: measure_again(suite, row["name"], given.rounds), say)
    if given.json:
        print("\n".join(json.dumps(row) for row in rows))
    else:
        print(table(suite, rows))
    if given.save:
        save(given.save, rows, datetime.date.today().isoformat())
    return 1 if failed or not good else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
