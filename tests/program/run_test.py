"""run: files, streams, terminals and exit codes."""

import json
import os
import pty
import re
import subprocess
import threading

from harness import COMMANDS, LIMIT, ONE_QUESTION, PROGRAM, SOURCE, ProgramTest

FAILING = """
agents: {no: {kind: command, argv: ["false"]}}
tasks: [{id: bad, agent: no, description: Fail, depends_on: []}]
"""


class Run(ProgramTest):
    def test_files_and_exit_code(self):
        self.write("p.yaml", COMMANDS)
        outcome = self.run_program("run", "p.yaml", "--output", "out")
        self.assertEqual(outcome.returncode, 0, outcome.stderr)
        self.assertEqual(sorted(os.listdir(self.folder / "out")),
                         ["durations.json", "events.jsonl", "outputs", "results.jsonl", "summary.json", "timeline.svg",
                          "trace.json"])
        self.assertEqual(self.read("out/outputs/second.txt"), "the answer is 42")
        self.assertEqual([r["id"] for r in self.lines("out/results.jsonl")], ["first", "second"])
        self.assertEqual(json.loads(self.read("out/summary.json"))["state"], "COMPLETED")

    def test_the_default_folder_is_named_by_the_run(self):
        self.write("p.yaml", COMMANDS)
        outcome = self.run_program("run", "p.yaml", "--json")
        run_id = json.loads(outcome.stdout)["run_id"]
        self.assertEqual(os.listdir(self.folder / "corchestra-runs"), [run_id])

    def test_force_replaces_an_earlier_run(self):
        self.write("p.yaml", COMMANDS)
        self.write("q.yaml", FAILING)
        self.assertEqual(self.run_program("run", "p.yaml", "--output", "out").returncode, 0)
        self.write("out/notes.txt", "mine")
        self.assertEqual(self.run_program("run", "q.yaml", "--output", "out").returncode, 2)
        self.assertEqual(self.run_program("run", "q.yaml", "--output", "out", "--force").returncode, 1)
        self.assertEqual([r["id"] for r in self.lines("out/results.jsonl")], ["bad"])
        self.assertEqual(sorted(os.listdir(self.folder / "out")),
                         ["durations.json", "events.jsonl", "notes.txt", "results.jsonl", "summary.json", "timeline.svg",
                          "trace.json"])

    def test_a_failed_task_is_exit_code_1(self):
        self.write("p.yaml", FAILING)
        outcome = self.run_program("run", "p.yaml", "--output", "out")
        self.assertEqual(outcome.returncode, 1)
        self.assertIn("0/1 succeeded, 1 failed", outcome.stderr)

    def test_output_that_cannot_be_written_is_exit_code_1_and_the_run_goes_on(self):
        self.write("p.yaml", COMMANDS)
        self.write("out/summary.json/in-the-way", "")
        outcome = self.run_program("run", "p.yaml", "--output", "out", "--force")
        self.assertEqual(outcome.returncode, 1)
        self.assertIn("corchestra: cannot write 'out/summary.json': Is a directory\n", outcome.stderr)
        self.assertEqual(len(self.lines("out/results.jsonl")), 2)

    def test_inputs_from_the_command_line(self):
        plan = SOURCE / "examples" / "plans" / "shell-pipeline.yaml"
        outcome = self.run_program("run", str(plan), "--output", "out", "--set", "text=one three")
        self.assertEqual(outcome.returncode, 0, outcome.stderr)
        self.assertEqual(self.read("out/outputs/say.txt"), "2 words, the longest is three")

    def test_a_thousand_tasks_from_a_jsonl_file(self):
        task = {"agent": "a", "description": "Nothing", "depends_on": []}
        self.write("batch.jsonl", "".join(json.dumps({"id": f"t{i}", **task}) + "\n" for i in range(1000)))
        self.write("agents.yaml", "defaults: {model: m}\nagents: {a: {kind: llm, max_tokens: 4}}\n")
        outcome = self.run_program("run", "batch.jsonl", "--agents", "agents.yaml", "--simulate", "--speed", "10000",
                                   "--max-concurrent-tasks", "100", "--quiet", "--json")
        self.assertEqual(outcome.returncode, 0, outcome.stderr)
        summary = json.loads(outcome.stdout)
        self.assertEqual(summary["counts"]["COMPLETED"], 1000)
        self.assertTrue(summary["simulated"])


class Demo(ProgramTest):
    def test_the_first_example_runs_as_scripts_demo_does(self):
        plan = SOURCE / "examples" / "plans" / "research-report.yaml"
        outcome = self.run_program("run", str(plan), "--simulate", "--speed", "1000", "--output", "out",
                                   "--set", f"folder={self.folder / 'report'}")
        self.assertEqual(outcome.returncode, 0, outcome.stderr)
        self.assertIn("Simulated model", outcome.stderr)
        summary = json.loads(self.read("out/summary.json"))
        self.assertEqual(summary["counts"]["COMPLETED"], 14)
        self.assertEqual(summary["analysis"]["source"], "model")
        self.assertEqual(summary["analysis"]["edges"], 10)
        found = next(e for e in self.lines("out/events.jsonl") if e["type"] == "analysis_ended")["data"]["edges"]
        self.assertEqual({(e["from"], e["to"]) for e in found}, {
            ("knowledge-base", "findings"), ("blogs", "findings"), ("statistics", "trends"), ("findings", "outline"),
            ("trends", "outline"), ("outline", "introduction"), ("outline", "technology"), ("outline", "economics"),
            ("outline", "outlook"), ("trends", "economics")})
        self.assertEqual(sorted(os.listdir(self.folder / "report")),
                         ["capacity.svg", "charts.json", "cost.svg", "report.md"])
        self.assertIn("![", self.read("report/report.md"))

    def test_the_other_examples_run(self):
        plans = SOURCE / "examples" / "plans"
        for args in ((plans / "resource-locks.yaml",), (plans / "batch.jsonl", "--agents", plans / "batch-agents.yaml")):
            outcome = self.run_program("run", *map(str, args), "--simulate", "--speed", "1000", "--quiet")
            self.assertEqual(outcome.returncode, 0, outcome.stderr)


class Streams(ProgramTest):
    def test_json_is_alone_on_stdout(self):
        self.write("p.yaml", COMMANDS)
        outcome = self.run_program("run", "p.yaml", "--output", "out", "--json")
        self.assertEqual(outcome.stdout, self.read("out/summary.json"))
        self.assertIn("2/2 succeeded", outcome.stderr)

    def test_json_is_alone_on_stdout_of_failing_runs_too(self):
        self.write("p.yaml", FAILING)
        outcome = self.run_program("run", "p.yaml", "--output", "out", "--json", "--log-level", "trace")
        self.assertEqual(outcome.returncode, 1)
        self.assertEqual(json.loads(outcome.stdout)["state"], "FAILED")
        refused = self.run_program("run", "p.yaml", "--output", "out", "--json")
        self.assertEqual((refused.returncode, refused.stdout), (2, ""))

    def test_human_text_leaves_a_stdout_that_is_no_terminal(self):
        self.write("p.yaml", COMMANDS)
        outcome = self.run_program("run", "p.yaml")
        self.assertEqual(outcome.stdout, "")
        self.assertIn("Agent second completed (2/2)", outcome.stderr)
        self.assertNotIn("\x1b", outcome.stderr)

    def test_quiet_shows_the_last_line_only(self):
        self.write("p.yaml", COMMANDS)
        outcome = self.run_program("run", "p.yaml", "--quiet")
        self.assertEqual(len(outcome.stderr.splitlines()), 1, outcome.stderr)
        self.assertIn("2/2 succeeded", outcome.stderr)

    def test_ascii(self):
        self.write("p.yaml", COMMANDS)
        self.assertTrue(self.run_program("run", "p.yaml", "--ascii").stderr.isascii())

    def test_log_level(self):
        self.write("p.yaml", ONE_QUESTION)
        args = ("run", "p.yaml", "--base-url", "http://127.0.0.1:1/v1", "--http-retries", "1", "--quiet")
        self.assertIn(" info llm: attempt 1 failed", self.run_program(*args, "--log-level", "info").stderr)
        self.assertNotIn(" info llm: ", self.run_program(*args).stderr)

    def test_a_reader_that_goes_away_does_not_stop_the_run(self):
        self.write("p.yaml", COMMANDS)
        reader, writer = os.pipe()
        os.close(reader)
        process = subprocess.run([PROGRAM, "run", "p.yaml", "--output", "out"], cwd=self.folder, env=self.env,
                                 stdin=subprocess.DEVNULL, stdout=writer, stderr=writer, timeout=LIMIT)
        os.close(writer)
        self.assertEqual(process.returncode, 0)
        self.assertEqual(len(self.lines("out/results.jsonl")), 2)


    def test_output_that_stdout_does_not_take_is_exit_code_1(self):
        self.write("p.yaml", COMMANDS)
        for args in (("run", "p.yaml", "--json"), ("schema",), ("--help",), ("plan", "p.yaml")):
            with open("/dev/full", "w", encoding="utf-8") as full:
                process = subprocess.run([PROGRAM, *args], cwd=self.folder, env=self.env, stdin=subprocess.DEVNULL,
                                         stdout=full, stderr=subprocess.PIPE, text=True, timeout=LIMIT)
            self.assertEqual(process.returncode, 1, args)
            self.assertTrue(process.stderr.endswith("corchestra: cannot write to stdout: No space left on device\n"),
                            process.stderr)

    def test_the_end_tells_what_was_waited_for(self):
        self.write("p.yaml", """
agents: {c: {kind: command, argv: [sleep, "0.05"]}}
tasks:
  - {id: one, agent: c, description: One, depends_on: [], resources: ["file:x"]}
  - {id: two, agent: c, description: Two, depends_on: [], resources: ["file:x"]}
""")
        outcome = self.run_program("run", "p.yaml", "--output", "out")
        self.assertRegex(outcome.stderr, r"\n   Waits: .*locks \d+ ms.* \(all tasks together\)\n")
        self.assertGreater(json.loads(self.read("out/summary.json"))["lost_seconds"]["lock"], 0.04)

    def test_the_classic_log_style(self):
        self.write("p.yaml", COMMANDS)
        outcome = self.run_program("run", "p.yaml", "--log-style", "classic")
        self.assertIn("Starting parallel execution of 2 agents: [first, second]", outcome.stderr)
        self.assertNotIn("started", outcome.stderr)
        self.assertNotIn("Waits:", outcome.stderr)


class Modes(ProgramTest):
    def test_every_mode(self):
        self.write("p.yaml", COMMANDS)
        for mode in ("auto", "sequential", "levels"):
            outcome = self.run_program("run", "p.yaml", "--mode", mode, "--order", "critical_path", "--quiet")
            self.assertEqual(outcome.returncode, 0, outcome.stderr)

    def test_parallel_needs_its_confirmation_and_says_so_at_the_end(self):
        self.write("p.yaml", """
agents: {c: {kind: command, argv: ["true"]}}
tasks: [{id: one, agent: c, description: One, depends_on: []}, {id: two, agent: c, description: Two, depends_on: [one]}]
""")
        refused = self.run_program("run", "p.yaml", "--mode", "parallel")
        self.assertEqual(refused.returncode, 2)
        self.assertIn("unsafe_ignore_dependencies", refused.stderr)
        outcome = self.run_program("run", "p.yaml", "--mode", "parallel", "--unsafe-ignore-dependencies", "--output", "out")
        self.assertEqual(outcome.returncode, 0, outcome.stderr)
        self.assertTrue(outcome.stderr.endswith(
            "corchestra: warning: dependencies were ignored (mode parallel): results may be wrong\n"), outcome.stderr)
        self.assertIs(json.loads(self.read("out/summary.json"))["unsafe_ignore_dependencies"], True)


class Terminals(ProgramTest):
    def on_terminal(self, *args, env=None):
        """Runs on a pseudo-terminal; gives back what it showed."""
        leader, follower = pty.openpty()
        process = subprocess.Popen([PROGRAM, *args], cwd=self.folder, env={**self.env, "TERM": "xterm", **(env or {})},
                                   stdin=subprocess.DEVNULL, stdout=follower, stderr=follower)
        os.close(follower)
        shown = bytearray()

        def read():
            try:
                while piece := os.read(leader, 65536):
                    shown.extend(piece)
            except OSError:  # the other end is closed
                pass

        reader = threading.Thread(target=read)
        reader.start()
        self.assertEqual(process.wait(LIMIT), 0)
        reader.join()
        os.close(leader)
        return shown.decode()

    def setUp(self):
        super().setUp()
        self.write("p.yaml", COMMANDS)

    def test_bars_and_colours(self):
        shown = self.on_terminal("run", "p.yaml")
        self.assertIn("\x1b[K", shown)
        self.assertRegex(shown, r"\x1b\[[0-9;]*m")

    def test_no_colour_when_asked(self):
        for args, env in (((), {"NO_COLOR": "1"}), (("--no-color",), {})):
            self.assertNotRegex(self.on_terminal("run", "p.yaml", *args, env=env), r"\x1b\[[0-9;]*m")

    def test_a_dumb_terminal_gets_plain_lines(self):
        self.assertNotIn("\x1b", self.on_terminal("run", "p.yaml", env={"TERM": "dumb"}))

    def test_no_line_is_wider_than_the_terminal(self):
        name = "n" * 150
        self.write("p.yaml", COMMANDS.replace("id: second", f"id: {name}"))
        shown = self.on_terminal("run", "p.yaml", "--output", "out", env={"COLUMNS": "40"})
        for line in re.sub(r"\x1b\[[0-9;]*[A-Za-z]", "", shown).replace("\r", "").split("\n"):
            self.assertLessEqual(len(line), 40, line)
