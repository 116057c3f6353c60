#!/usr/bin/env python3
"""scripts/coverage, on pages and tests made up here.

usage: coverage_test.py ROOT
"""

import json
import pathlib
import subprocess
import sys
import tempfile
import unittest

ROOT = pathlib.Path(sys.argv.pop(1)).resolve()
HEAD = "| id | there | here | kept by |\n|---|---|---|---|\n"


def run(rows, sources, *flags):
    """(exit code, stdout, stderr) for a page with these rows and tests with these texts by name."""
    with tempfile.TemporaryDirectory() as folder:
        root = pathlib.Path(folder)
        (root / "docs").mkdir()
        (root / "tests").mkdir()
        (root / "docs/coming-from.md").write_text(HEAD + "\n".join(rows) + "\n")
        for name, text in sources.items():
            (root / "tests" / name).write_text(text)
        done = subprocess.run([sys.executable, "-B", ROOT / "scripts/coverage", *flags, root],
                              capture_output=True, text=True, check=False)
        return done.returncode, done.stdout, done.stderr


ROWS = ["| A1 | one | its answer | test |", "| B2 | two | this row | here |", "| C3 | three | not yet | later |"]


class Coverage(unittest.TestCase):
    def test_a_row_kept_by_test_needs_one(self):
        code, out, err = run(ROWS, {}, "--missing", "--strict")
        self.assertEqual((code, out), (1, "A1   one\n"))
        self.assertIn("3 ids: 0 of 1 covered by tests, 1 answered by docs/coming-from.md, 1 later; 1 missing", err)

    def test_the_name_of_a_catch2_test_carries_ids_also_over_several_lines(self):
        for source in ('TEST_CASE("[A1] does it") {', 'TEST_CASE("it does\\"" \n  " [A1]", "[tag]") {',
                       'TEST_CASE_METHOD(fixture, "[A1][B2] does it") {'):
            code, out, _ = run(ROWS, {"x_test.cpp": source}, "--missing", "--strict")
            self.assertEqual((code, out), (0, ""), source)

    def test_the_name_of_a_python_test_carries_ids(self):
        code, out, _ = run(ROWS, {"x_test.py": "    def test_a1_does_it(self):"}, "--missing", "--strict")
        self.assertEqual((code, out), (0, ""))

    def test_ids_in_bodies_and_comments_do_not_count(self):
        code, _, _ = run(ROWS, {"x_test.cpp": '// [A1]\nTEST_CASE("x") { CHECK("[A1]" == y); }'}, "--strict")
        self.assertEqual(code, 1)

    def test_an_id_that_no_row_has_and_more_than_three_ids_are_told(self):
        _, _, err = run(ROWS, {"x_test.cpp": 'TEST_CASE("[A1][A99] x")\nTEST_CASE("[A1][A1][A1][A1] y")'})
        self.assertIn("tests/x_test.cpp: docs/coming-from.md has no A99: [A1][A99] x", err)
        self.assertIn("tests/x_test.cpp: more than 3 ids: [A1][A1][A1][A1] y", err)

    def test_a_row_twice_or_malformed_is_an_error_with_its_line(self):
        self.assertIn("coming-from.md:4: A1 has a row already", run([ROWS[0], ROWS[0]], {})[2])
        self.assertIn("coming-from.md:3: a row is", run(["| A1 | one | test |"], {})[2])

    def test_json_is_a_line_an_id(self):
        _, out, err = run(ROWS, {"x_test.cpp": 'TEST_CASE("[A1] x")'}, "--json")
        first = json.loads(out.splitlines()[0])
        self.assertEqual(first, {"id": "A1", "kept": "test", "there": "one", "tests": ["tests/x_test.cpp: [A1] x"]})
        self.assertEqual(err, "")

    def test_this_repository_covers_every_id_in_scope(self):
        done = subprocess.run([sys.executable, "-B", ROOT / "scripts/coverage", "--missing", "--strict"],
                              capture_output=True, text=True, check=False)
        self.assertEqual((done.returncode, done.stdout), (0, ""), done.stderr)


if __name__ == "__main__":
    unittest.main()
