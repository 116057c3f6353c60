"""plan: what a run would take, and pictures of plans."""

import json
import os
import xml.etree.ElementTree

from harness import COMMANDS, SOURCE, ProgramTest

DIAMOND = """
agents: {c: {kind: command, argv: ["true"]}}
tasks:
  - {id: load, agent: c, description: Load, depends_on: [], expected_duration: 2s}
  - {id: left, agent: c, description: Left, depends_on: [load], expected_duration: 3s, reserve: {tokens: 100, usd: 0.01}}
  - {id: right, agent: c, description: Right, depends_on: [load], expected_duration: 3s}
  - {id: join, agent: c, description: Join, depends_on: [left, right], expected_duration: 1s}
"""


class Plan(ProgramTest):
    def foresee(self, *args):
        outcome = self.run_program("plan", "p.yaml", *args, "--json")
        self.assertEqual(outcome.returncode, 0, outcome.stderr)
        return json.loads(outcome.stdout)

    def test_numbers_of_slots_are_compared(self):
        self.write("p.yaml", DIAMOND)
        runs = self.foresee("--slots", "1,2, 8")["runs"]
        self.assertEqual([(r["slots"], r["makespan_seconds"], r["limited_by"]) for r in runs],
                         [(1, 9, "slots"), (2, 6, "the critical path"), (8, 6, "the critical path")])
        self.assertEqual(runs[1]["chain"], ["load", "left", "join"])
        self.assertEqual(runs[0]["cost"], {"tokens": 100, "usd": 0.01})
        text = self.run_program("plan", "p.yaml", "--slots", "1,2").stdout
        self.assertIn("  starts: load, left, right, join\n", text)
        self.assertFalse((self.folder / "corchestra-runs").exists())

    def test_the_plan_s_own_number_of_slots_and_the_settings_count(self):
        self.write("p.yaml", "limits: {max_concurrent_tasks: 3}\n" + DIAMOND)
        self.assertEqual(self.foresee()["runs"][0]["slots"], 3)
        self.assertEqual(self.foresee("--max-concurrent-tasks", "1")["runs"][0]["makespan_seconds"], 9)
        self.assertEqual(self.foresee("--mode", "sequential")["runs"][0]["makespan_seconds"], 9)

    def test_durations_from_files(self):
        self.write("p.yaml", COMMANDS)
        self.assertEqual(self.foresee()["assumed_durations"], 2)
        self.write("d.csv", "task,seconds\nfirst,2.5\nsecond,1m\n")
        self.assertEqual(self.foresee("--durations", "d.csv")["runs"][0]["makespan_seconds"], 62.5)
        self.write("d.json", json.dumps({"agents": {"answer": {"mean_seconds": 4.0, "variance": 0.0, "samples": 2}}}))
        found = self.foresee("--durations", "d.json")
        self.assertEqual((found["runs"][0]["makespan_seconds"], found["assumed_durations"]), (5, 1))
        missing = self.run_program("plan", "p.yaml", "--durations", "none.json")
        self.assertEqual(missing.returncode, 2)
        self.assertIn("none.json", missing.stderr)

    def test_durations_learnt_by_a_run(self):
        self.write("p.yaml", COMMANDS)
        learnt = self.folder / "home/.cache/corchestra/durations/p.json"
        refused = self.run_program("plan", "p.yaml", "--durations", "learned")
        self.assert_refused(refused, f"corchestra: --durations learned: no run of 'p' has left '{learnt}'")
        del self.env["HOME"]
        self.assert_refused(
            self.run_program("plan", "p.yaml", "--durations", "learned"),
            "corchestra: --durations learned: there is no cache folder for what runs have taken: set HOME, or --cache-folder")
        self.env["HOME"] = str(self.folder / "home")
        (self.folder / "home").mkdir()
        self.assertEqual(self.run_program("run", "p.yaml", "--output", "out").returncode, 0)
        self.assertEqual(sorted(json.loads(learnt.read_text())["tasks"]), ["first", "second"])
        for where in ("learned", "out", "out/durations.json"):
            self.assertEqual(self.foresee("--durations", where)["assumed_durations"], 0)

    def test_simulated_runs_teach_nothing(self):
        plan = SOURCE / "examples" / "plans" / "resource-locks.yaml"
        outcome = self.run_program("run", str(plan), "--simulate", "--speed", "1000", "--quiet", "--output", "out")
        self.assertEqual(outcome.returncode, 0, outcome.stderr)
        self.assertTrue((self.folder / "out/durations.json").exists())
        self.assertFalse((self.folder / "home/.cache/corchestra/durations").exists())

    def test_pictures_of_the_timeline(self):
        self.write("p.yaml", DIAMOND)
        self.foresee("--svg", "one.svg")
        self.foresee("--svg", "many.svg", "--slots", "1,4")
        self.assertEqual(sorted(f for f in os.listdir(self.folder) if f.endswith(".svg")),
                         ["many-1.svg", "many-4.svg", "one.svg"])
        self.assertIn("foreseen with 4 slots", self.read("many-4.svg"))
        xml.etree.ElementTree.parse(self.folder / "one.svg")

    def test_the_graph(self):
        self.write("p.yaml", DIAMOND)
        graph = {f: self.run_program("plan", "p.yaml", "--graph", f) for f in ("mermaid", "dot", "svg")}
        self.assertTrue(all(g.returncode == 0 for g in graph.values()))
        self.assertTrue(graph["mermaid"].stdout.startswith("flowchart "))
        self.assertTrue(graph["dot"].stdout.startswith("digraph "))
        self.assertEqual(xml.etree.ElementTree.fromstring(graph["svg"].stdout).tag.rsplit("}")[-1], "svg")

    def test_a_plan_that_cannot_be_run_is_refused(self):
        self.write("p.yaml", DIAMOND.replace("depends_on: [load]", "depends_on: [nobody]"))
        outcome = self.run_program("plan", "p.yaml")
        self.assertEqual((outcome.returncode, outcome.stdout), (2, ""))
        self.assertIn("nobody", outcome.stderr)

    def test_what_would_not_complete_is_named(self):
        self.write("p.yaml", DIAMOND.replace("depends_on: [], ", "depends_on: [], limits: {start_to_close: 1s}, "))
        outcome = self.run_program("plan", "p.yaml")
        self.assertIn("  ! load TIMEOUT: start_to_close of 1.00 s passed\n", outcome.stdout)

    def test_every_example_plan_can_be_foreseen(self):
        plans = SOURCE / "examples" / "plans"
        for plan in sorted(plans.glob("*.yaml")):
            if plan.name == "batch-agents.yaml":  # of batch.jsonl
                continue
            outcome = self.run_program("plan", str(plan), "--slots", "2,8")
            self.assertEqual(outcome.returncode, 0, outcome.stderr)
