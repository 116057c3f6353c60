"""Questions of a plan, and why tasks wait."""

import json
import os
import pty
import signal
import subprocess

from harness import LIMIT, PROGRAM, SOURCE, ProgramTest

ASKING = """
agents: {c: {kind: command, argv: [echo, done]}}
tasks:
  - {id: draft, agent: c, description: Draft, depends_on: []}
  - {id: publish, agent: c, description: Publish, depends_on: [draft], approval: "Publish the draft?"}
  - {id: advertise, agent: c, description: Advertise, depends_on: [draft],
     approval: {message: "Advertise it?", timeout: 1h, default: approve}}
"""

GATED = """
agents:
  wait: {kind: command, argv: [cat, gate]}
tasks:
  - {id: first, agent: wait, description: Wait, depends_on: [], priority: 50, resources: ["file:x"]}
  - {id: second, agent: wait, description: Too, depends_on: [], resources: ["file:x"]}
  - {id: third, agent: wait, description: Too, depends_on: [second]}
"""


class Approvals(ProgramTest):
    def setUp(self):
        super().setUp()
        self.write("p.yaml", ASKING)

    def states(self):
        return {r["id"]: r["state"] for r in self.lines("out/results.jsonl")}

    def test_without_a_terminal_a_question_without_a_limit_is_refused(self):
        self.assert_refused(
            self.run_program("run", "p.yaml", "--output", "out"),
            "corchestra: p.yaml: task 'publish' waits for an approval without a time limit, and there is no terminal to "
            "ask on: use --approve all, none or default, or give the approval a timeout")
        self.assertFalse((self.folder / "out").exists())

    def test_without_a_terminal_the_time_limit_answers(self):
        self.write("p.yaml", ASKING.replace('approval: "Publish the draft?"', 'approval: {message: "Well?", timeout: 10ms}')
                   .replace("timeout: 1h", "timeout: 20ms"))
        self.assertEqual(self.run_program("run", "p.yaml", "--output", "out").returncode, 1)
        self.assertEqual(self.states(), {"draft": "COMPLETED", "publish": "TIMEOUT", "advertise": "COMPLETED"})

    def test_answers_in_advance(self):
        for answer, code, publish, advertise in (("all", 0, "COMPLETED", "COMPLETED"), ("none", 1, "CANCELLED", "CANCELLED"),
                                                 ("default", 1, "CANCELLED", "COMPLETED")):
            outcome = self.run_program("run", "p.yaml", "--approve", answer, "--output", "out", "--force")
            self.assertEqual(outcome.returncode, code, outcome.stderr)
            self.assertEqual(self.states(), {"draft": "COMPLETED", "publish": publish, "advertise": advertise})

    def on_terminal(self, dialogue, *args):
        """Answers questions as they appear; gives back the exit code and all that was shown."""
        leader, follower = pty.openpty()
        process = subprocess.Popen([PROGRAM, *args], cwd=self.folder, env={**self.env, "TERM": "dumb", "COLUMNS": "200"},
                                   stdin=follower, stdout=follower, stderr=follower)
        os.close(follower)
        self.addCleanup(self.end, process)
        shown, todo = "", list(dialogue)
        while True:
            try:
                piece = os.read(leader, 65536)
            except OSError:  # the other end is closed
                break
            shown += piece.decode()
            if todo and todo[0][0] in shown.rsplit("\x00", 1)[-1]:
                os.write(leader, todo.pop(0)[1].encode())
                shown += "\x00"  # only what comes after counts for the next
        os.close(leader)
        self.assertEqual(todo, [], shown)
        return process.wait(LIMIT), shown

    def test_questions_are_asked_one_at_a_time_on_a_terminal(self):
        code, shown = self.on_terminal(
            [("publish: Publish the draft? [y/n]", "perhaps\n"), ("answer y (yes) or n (no)", "y\n"),
             ("advertise: Advertise it? [y/n]", "No\n")], "run", "p.yaml", "--output", "out")
        self.assertEqual(code, 1, shown)
        self.assertEqual(self.states(), {"draft": "COMPLETED", "publish": "COMPLETED", "advertise": "CANCELLED"})

    def test_questions_are_shown_when_quiet_too(self):
        code, shown = self.on_terminal([("publish: Publish the draft? [y/n]", "YES\n"), ("Advertise it? [y/n]", "y\n")],
                                       "run", "p.yaml", "--output", "out", "--quiet")
        self.assertEqual(code, 0, shown)

    def test_a_question_answered_by_its_time_limit_makes_way_for_the_next(self):
        self.write("p.yaml", ASKING.replace('approval: "Publish the draft?"', 'approval: {message: "Well?", timeout: 50ms}'))
        code, shown = self.on_terminal([("advertise: Advertise it? [y/n]", "y\n")], "run", "p.yaml", "--output", "out")
        self.assertEqual(code, 1, shown)
        self.assertEqual(self.states(), {"draft": "COMPLETED", "publish": "TIMEOUT", "advertise": "COMPLETED"})


class Why(ProgramTest):
    def setUp(self):
        super().setUp()
        self.write("p.yaml", GATED)
        os.mkfifo(self.folder / "gate")

    def check(self, process):
        seen = "".join(self.wait_for(process.stderr, "'third' waits"))
        self.assertIn("2 tasks wait:", seen)
        self.assertIn("'second' waits for 'file:x', held by 'first'", seen)
        process.send_signal(signal.SIGINT)
        self.wait_for(process.stderr, "Draining")
        process.send_signal(signal.SIGINT)
        self.assertEqual(process.wait(LIMIT), 130)

    def test_a_signal_asks_why_tasks_wait(self):
        process = self.start_program("run", "p.yaml")
        self.wait_for(process.stderr, "first started")
        process.send_signal(signal.SIGUSR1)
        self.check(process)

    def test_a_run_in_which_nothing_happens_tells_by_itself(self):
        self.check(self.start_program("run", "p.yaml", "--explain-after", "100ms"))


PAUSING = """
agents: {once: {kind: command, argv: [sh, -c, "test -e tried && echo fine || { touch tried; false; }"]}}
tasks: [{id: flaky, agent: once, description: Try it, depends_on: [], retries: {max: 0, pause_when_exhausted: true}}]
"""


class Pause(ProgramTest):
    def test_a_run_that_paused_by_itself_goes_on_by_a_signal(self):
        self.write("p.yaml", PAUSING)
        process = self.start_program("run", "p.yaml", "--output", "out")
        self.wait_for(process.stderr, f"kill -USR2 {process.pid}")
        process.send_signal(signal.SIGUSR2)
        self.assertEqual(process.wait(LIMIT), 0)
        self.assertEqual(json.loads(self.read("out/summary.json"))["counts"]["COMPLETED"], 1)

    def test_a_signal_pauses_a_run_and_the_next_lets_it_go_on(self):
        self.write("p.yaml", GATED)
        os.mkfifo(self.folder / "gate")
        process = self.start_program("run", "p.yaml", "--output", "out")
        self.wait_for(process.stderr, "first started")
        process.send_signal(signal.SIGUSR2)
        self.wait_for(process.stderr, "lets it go on")
        process.send_signal(signal.SIGUSR2)
        with open(self.folder / "gate", "w") as gate:
            os.remove(self.folder / "gate")
            self.write("gate", "open for the others")
            gate.write("open")
        self.assertEqual(process.wait(LIMIT), 0)

    def test_an_interrupted_run_names_what_it_left(self):
        self.write("p.yaml", GATED)
        os.mkfifo(self.folder / "gate")
        process = self.start_program("run", "p.yaml", "--output", "out")
        self.wait_for(process.stderr, "first started")
        process.send_signal(signal.SIGINT)
        self.wait_for(process.stderr, "Draining")
        with open(self.folder / "gate", "w") as gate:
            gate.write("open")
        self.assertIn("   Not ended:\n", "".join(process.stderr.readlines()))
        self.assertEqual(process.wait(LIMIT), 130)


class Examples(ProgramTest):
    def test_the_example_plans_of_approvals_branches_and_budgets_run(self):
        plans = SOURCE / "examples" / "plans"
        for name, states in (("approvals", {"COMPLETED": 4}), ("branches", {"COMPLETED": 5, "SKIPPED": 2}),
                             ("budgets", {"COMPLETED": 4, "LIMIT_EXCEEDED": 1})):
            outcome = self.run_program("run", str(plans / f"{name}.yaml"), "--simulate", "--speed", "1000", "--approve", "all",
                                       "--json", "--quiet")
            counts = {s: n for s, n in json.loads(outcome.stdout)["counts"].items() if n}
            self.assertEqual(counts, states, outcome.stderr)
