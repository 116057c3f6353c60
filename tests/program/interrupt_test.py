"""Ctrl-C: once drains, twice cancels, and what lies on disk is whole. Nothing here waits by sleeping."""

import json
import os
import signal
import threading

from harness import Endpoint, ProgramTest

# `one` goes on when the test opens the pipe.
PLAN = """
limits: {max_concurrent_tasks: 1}
agents:
  wait: {kind: command, argv: [sh, -c, "read line < gate; echo $line"]}
tasks:
  - {id: one, agent: wait, description: Wait, depends_on: []}
  - {id: two, agent: wait, description: Wait more, depends_on: [one]}
"""


class Interrupt(ProgramTest):
    def start_waiting(self, *args):
        self.write("p.yaml", PLAN)
        os.mkfifo(self.folder / "gate")
        process = self.start_program("run", "p.yaml", "--output", "out", *args)
        self.wait_for(process.stderr, "one started")
        return process

    def open_gate(self):
        (self.folder / "gate").write_text("done\n")

    def finish(self, process):
        out, err = process.communicate()
        for name in ("out/results.jsonl", "out/events.jsonl"):
            text = self.read(name)
            self.assertTrue(text == "" or text.endswith("\n"))
            for line in text.splitlines():
                json.loads(line)
        self.assertEqual([f for f in os.listdir(self.folder / "out") if f.endswith(".tmp")], [])
        json.loads(self.read("out/trace.json"))
        return out, err

    def test_c44_once_finishes_what_runs_and_starts_nothing_new(self):
        for number in (signal.SIGINT, signal.SIGTERM):
            with self.subTest(signal=number):
                process = self.start_waiting("--force") if number == signal.SIGINT else self.restart()
                process.send_signal(number)
                self.wait_for(process.stderr, "Draining")
                self.open_gate()
                self.finish(process)
                self.assertEqual(process.returncode, 130)
                results = self.lines("out/results.jsonl")
                self.assertEqual([(r["id"], r["state"], r["output"]) for r in results], [("one", "COMPLETED", "done")])
                self.assertEqual(json.loads(self.read("out/summary.json"))["state"], "INTERRUPTED")

    def restart(self):
        process = self.start_program("run", "p.yaml", "--output", "out", "--force")
        self.wait_for(process.stderr, "one started")
        return process

    def test_c44_twice_cancels(self):
        process = self.start_waiting("--json")
        process.send_signal(signal.SIGINT)
        self.wait_for(process.stderr, "Draining")
        process.send_signal(signal.SIGINT)
        out, _ = self.finish(process)
        self.assertEqual(process.returncode, 130)
        self.assertEqual(json.loads(out)["state"], "CANCELLED")
        results = {r["id"]: r for r in self.lines("out/results.jsonl")}
        self.assertEqual({i: r["state"] for i, r in results.items()}, {"one": "CANCELLED", "two": "CANCELLED"})
        self.assertIn("interrupted twice", results["one"]["reason"])

    def test_an_interrupt_when_only_the_last_task_runs_changes_nothing(self):
        self.write("p.yaml", PLAN[:PLAN.index("  - {id: two")])
        os.mkfifo(self.folder / "gate")
        process = self.restart()
        process.send_signal(signal.SIGINT)
        self.wait_for(process.stderr, "Draining")
        self.open_gate()
        self.finish(process)
        self.assertEqual(process.returncode, 0)

    def test_during_the_analysis_nothing_is_run(self):
        asked, release = threading.Event(), threading.Event()
        self.addCleanup(release.set)

        def answer(_):
            asked.set()
            release.wait()
            return 500, {}

        endpoint = Endpoint(self, answer)
        self.write("p.yaml", "agents: {a: {kind: llm, model: m}}\n"
                             "tasks: [{id: x, agent: a, description: One}, {id: y, agent: a, description: Two}]\n")
        process = self.start_program("run", "p.yaml", "--output", "out", "--base-url", endpoint.url)
        self.assertTrue(asked.wait(60))
        process.send_signal(signal.SIGINT)
        self.assertEqual(process.wait(60), 130)
        self.assertFalse((self.folder / "out").exists())
