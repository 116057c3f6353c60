#!/usr/bin/env python3
"""The logic of scripts/bench, on numbers made up here.

usage: bench_report_test.py ROOT
"""

import contextlib
import dataclasses
import io
import json
import pathlib
import sys
import tempfile
import unittest

ROOT = pathlib.Path(sys.argv.pop(1)).resolve()
sys.path.insert(0, str(ROOT / "bench"))
import report  # noqa: E402
import suites  # noqa: E402


def row(name="tasks", ratio=1.0, ours=300.0, better="lower", least=1.5, aim=1.0):
    return {"name": name, "unit": "ns/task", "ours": ours, "beside": None if ratio is None else ours / ratio,
            "ratio": ratio, "better": better, "least": least, "aim": aim}


def compared(rows, baseline, tolerance=0.25, again=None):
    """(whether all is well, what was said, the rows after it)"""
    said = []
    good = report.compare(suites.ENGINE, rows, baseline, tolerance, again or (lambda r: r), said.append)
    return good, "\n".join(said), rows


class Regressions(unittest.TestCase):
    def test_b34_a_ratio_worse_than_the_baseline_by_more_than_the_tolerance_is_a_regression(self):
        good, said, _ = compared([row(ratio=1.26)], [row(ratio=1.0)])
        self.assertFalse(good)
        self.assertIn("REGRESSION tasks: 1.26, baseline 1: 26% worse, 25% allowed", said)

    def test_b34_a_regression_names_the_four_steps_of_the_investigation(self):
        _, said, _ = compared([row("dag", 9.0), row("tasks", 9.0)], [row("dag"), row("tasks")])
        for step in ("1. measure again on an idle machine: scripts/bench engine --rows dag,tasks",
                     "2. find the change: git bisect run", "3. find the place: perf record",
                     "4. mend it, or accept it"):
            self.assertIn(step, said)

    def test_within_the_tolerance_nothing_is_said(self):
        self.assertEqual(compared([row(ratio=1.24)], [row(ratio=1.0)])[:2], (True, ""))
        self.assertEqual(compared([row(ratio=0.2)], [row(ratio=1.0)])[:2], (True, ""))

    def test_where_higher_is_better_a_lower_ratio_is_a_regression(self):
        before = row("cpu", 1.0, better="higher")
        self.assertFalse(compared([row("cpu", 0.79, better="higher")], [before])[0])
        self.assertTrue(compared([row("cpu", 0.81, better="higher")], [before])[0])
        self.assertTrue(compared([row("cpu", 2.0, better="higher")], [before])[0])

    def test_the_ratio_counts_not_the_machines_speed(self):
        self.assertTrue(compared([row(ratio=1.0, ours=3000.0)], [row(ratio=1.0, ours=300.0)])[0])

    def test_without_anything_beside_the_value_itself_counts(self):
        self.assertTrue(compared([row("memory", None, 400.0)], [row("memory", None, 350.0)])[0])
        self.assertFalse(compared([row("memory", None, 500.0)], [row("memory", None, 350.0)])[0])

    def test_peers_and_rows_that_the_baseline_lacks_are_not_compared(self):
        rows = [row("peer_asyncio", None, 900.0), row("fanout", 99.0)]
        self.assertTrue(compared(rows, [row("peer_asyncio", None, 9.0), row("chain", 1.0)])[0])

    def test_a_row_that_looks_worse_is_measured_again_and_the_better_result_counts(self):
        good, said, rows = compared([row(ratio=2.0)], [row(ratio=1.0)], again=lambda r: row(ratio=1.1))
        self.assertTrue(good)
        self.assertEqual(said, "tasks: worse than the baseline, measured again")
        self.assertEqual(rows[0]["ratio"], 1.1)
        good, _, rows = compared([row(ratio=2.0)], [row(ratio=1.0)], again=lambda r: row(ratio=3.0))
        self.assertFalse(good)
        self.assertEqual(rows[0]["ratio"], 2.0)

    def test_the_tolerance_can_be_chosen(self):
        self.assertFalse(compared([row(ratio=1.1)], [row(ratio=1.0)], 0.05)[0])
        self.assertTrue(compared([row(ratio=1.9)], [row(ratio=1.0)], 1.0)[0])


class Stored(unittest.TestCase):
    def test_b35_a_result_is_stored_by_date_and_serves_as_a_baseline(self):
        with tempfile.TemporaryDirectory() as folder:
            path = pathlib.Path(folder, "benchmarks", "2026-11-21.json")
            rows = [row("tasks", 1.1), row("memory", None, 350.0)]
            report.save(path, rows, "2026-11-21")
            stored = json.loads(path.read_text(encoding="utf-8"))
            self.assertEqual(stored["date"], "2026-11-21")
            self.assertGreaterEqual(stored["cores"], 1)
            self.assertEqual(report.load(path), rows)
            self.assertFalse(compared([row("tasks", 2.2)], report.load(path))[0])

    def test_rows_that_were_not_measured_stay_in_the_file(self):
        with tempfile.TemporaryDirectory() as folder:
            path = pathlib.Path(folder, "baseline.json")
            report.save(path, [row("tasks", 1.0), row("dag", 2.0)], "2026-11-21")
            report.save(path, [row("dag", 3.0), row("cpu", 0.9)], "2026-11-22")
            self.assertEqual([(r["name"], r["ratio"]) for r in report.load(path)],
                             [("tasks", 1.0), ("dag", 3.0), ("cpu", 0.9)])

    def test_the_committed_baselines_can_be_read_and_have_every_row_and_besides_only_peers(self):
        for suite in suites.SUITES.values():
            stored = report.load(suite.baseline)
            for each in stored:
                self.assertEqual(tuple(each), report.KEYS)
            own = {each["name"] for each in stored if not each["name"].startswith("peer_")}
            self.assertEqual(own, {*suite.rows, *suite.second_rows})

    def test_every_row_says_what_it_is_compared_with(self):
        for suite in suites.SUITES.values():
            self.assertLessEqual(set(suite.beside), {*suite.rows, *suite.second_rows})


class Output(unittest.TestCase):
    def test_a_line_of_a_program_has_exactly_the_known_keys(self):
        self.assertEqual(report.parse_rows(json.dumps(row()) + "\n\n"), [row()])
        with self.assertRaises(report.Failed):
            report.parse_rows('{"name": "tasks", "ratio": 1}')

    def test_the_verdict_says_which_limit_is_reached(self):
        lower = [report.verdict(row(ratio=r)) for r in (0.9, 1.0, 1.4, 1.6)]
        self.assertEqual(lower, ["aim", "aim", "least", "missed"])
        higher = [report.verdict(row(ratio=r, better="higher", least=0.9, aim=0.98)) for r in (0.99, 0.95, 0.5)]
        self.assertEqual(higher, ["aim", "least", "missed"])
        self.assertEqual(report.verdict(row("memory", None, 500.0, least=600.0, aim=350.0)), "least")
        self.assertEqual(report.verdict(row(least=None, aim=None)), "")

    def test_the_table_has_a_line_a_row_under_a_head(self):
        peer = row("peer_asyncio", None, 19.0, least=None, aim=None)
        lines = report.table(suites.ENGINE, [row("tasks", 1.25, 1234.5), peer]).splitlines()
        self.assertEqual(len(lines), 3)
        self.assertEqual(lines[0].split(), ["row", "ours", "beside", "unit", "ratio", "least", "aim", "reached"])
        self.assertEqual(lines[1].split(), "tasks 1,234 988 bare Asio loop ns/task 1.25 1.5 1 least".split())
        self.assertEqual(lines[2].split(), "peer_asyncio 19 ns/task".split())

    def test_a_row_that_cannot_be_measured_is_left_out_and_one_that_fails_is_a_failure(self):
        def measured(suite, name, rounds):
            if name == "dag":
                raise report.Skipped("oneTBB is not installed")
            if name == "chain":
                raise report.Failed("wrong result: a run lost a task")
            return [row(name)]
        said, real = [], report.measure
        report.measure = measured
        try:
            rows, failed = report.measure_all(suites.ENGINE, ["tasks", "dag"], 9, said.append)
            self.assertEqual(([r["name"] for r in rows], failed), (["tasks"], False))
            self.assertEqual(said[1], "dag: left out: oneTBB is not installed")
            self.assertTrue(report.measure_all(suites.ENGINE, ["chain"], 9, said.append)[1])
            self.assertEqual(said[2], "chain: FAILED: wrong result: a run lost a task")
        finally:
            report.measure = real


class Arguments(unittest.TestCase):
    def refused(self, *words):
        error, sys.stderr = sys.stderr, open("/dev/null", "w", encoding="utf-8")
        try:
            with self.assertRaises(SystemExit) as caught:
                report.arguments(list(words))
        finally:
            sys.stderr.close()
            sys.stderr = error
        return caught.exception.code

    def test_wrong_arguments_end_with_code_2(self):
        self.assertEqual(self.refused("engines"), 2)
        self.assertEqual(self.refused("engine", "--rows", "tasks,dags"), 2)
        self.assertEqual(self.refused("engine", "--rounds", "0"), 2)
        self.assertEqual(self.refused("engine", "--baseline", "b.json", "--no-baseline"), 2)

    def test_a_new_baseline_is_not_compared_with_the_old_one(self):
        for name, suite in suites.SUITES.items():
            self.assertIsNone(report.arguments([name, "--save", str(suite.baseline)]).baseline)

    def test_each_suite_has_its_own_rows_and_baseline(self):
        given = report.arguments(["llm"])
        self.assertEqual((given.rows, given.baseline), (list(suites.LLM.rows), str(suites.LLM.baseline)))
        self.assertEqual(self.refused("llm", "--rows", "tasks"), 2)


class Gate(unittest.TestCase):
    """report.main with its measurements made up here."""

    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.baseline = pathlib.Path(folder.name, "baseline.json")
        self.measured, self.asked = {}, []
        suite = dataclasses.replace(suites.ENGINE, baseline=self.baseline)
        for name, stub in (("measure", self.measure), ("SUITES", {"engine": suite})):
            self.addCleanup(setattr, report, name, getattr(report, name))
            setattr(report, name, stub)

    def measure(self, suite, name, rounds):
        self.asked.append((name, rounds))
        if name not in self.measured:
            raise report.Skipped("not here")
        return self.measured[name]

    def main(self, *words):
        """(exit code, what was said)"""
        said = io.StringIO()
        with contextlib.redirect_stderr(said), contextlib.redirect_stdout(io.StringIO()):
            code = report.main(["engine", "--no-build", *words])
        return code, said.getvalue()

    def test_b34_a_regression_ends_with_code_1_and_anything_better_with_0(self):
        report.save(self.baseline, [row("tasks", 1.0)], "2026-11-21")
        for ratio, code in ((1.3, 1), (1.2, 0), (0.5, 0)):
            self.measured = {"tasks": [row("tasks", ratio)]}
            self.assertEqual(self.main("--rows", "tasks")[0], code, ratio)

    def test_b34_a_second_row_of_a_program_is_compared_and_measured_again_with_it(self):
        report.save(self.baseline, [row("cancel", 9.0), row("cancel_throwing", 10.0)], "2026-11-21")
        self.measured = {"cancel": [row("cancel", 9.0), row("cancel_throwing", 20.0)]}
        code, said = self.main("--rows", "cancel", "--rounds", "3")
        self.assertEqual(code, 1)
        self.assertIn("REGRESSION cancel_throwing: 20, baseline 10: 100% worse, 25% allowed", said)
        self.assertEqual(self.asked, [("cancel", 3), ("cancel", 3)])

    def test_without_a_baseline_nothing_is_measured_and_that_is_an_error(self):
        self.measured = {"tasks": [row("tasks", 1.0)]}
        code, said = self.main("--rows", "tasks")
        self.assertEqual((code, self.asked), (1, []))
        self.assertIn(f"no baseline {self.baseline}", said)
        self.assertEqual(self.main("--rows", "tasks", "--baseline", "/nowhere/baseline.json")[0], 1)
        self.assertEqual(self.main("--rows", "tasks", "--no-baseline")[0], 0)
        self.assertEqual(self.main("--rows", "tasks", "--save", str(self.baseline))[0], 0)
        self.assertEqual(report.load(self.baseline), [row("tasks", 1.0)])

    def test_a_row_of_the_baseline_that_was_not_measured_is_told(self):
        report.save(self.baseline, [row("tasks"), row("dag"), row("tasks_whole"), row("cpu")], "2026-11-21")
        self.measured = {"tasks": [row("tasks")]}
        code, said = self.main("--rows", "tasks,dag")
        self.assertEqual(code, 0)
        for name in ("dag", "tasks_whole"):
            self.assertIn(f"{name}: in the baseline, and not measured\n", said)
        self.assertNotIn("cpu", said)  # not asked for

    def test_a_program_that_fails_ends_with_code_1(self):
        def fails(suite, name, rounds):
            raise report.Failed("wrong result: a run lost a task")
        report.measure = fails
        code, said = self.main("--rows", "chain", "--no-baseline")
        self.assertEqual(code, 1)
        self.assertIn("chain: FAILED: wrong result: a run lost a task", said)


if __name__ == "__main__":
    unittest.main()
