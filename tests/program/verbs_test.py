"""check, analyze, schema, init, simulate, config, --help and --version."""

import json
import re
import signal
import urllib.request

from harness import COMMANDS, SOURCE, ProgramTest

VERBS = ("run", "batch", "check", "analyze", "schema", "init", "simulate", "config")

OPEN = """
defaults: {model: m}
agents: {a: {kind: llm}}
tasks:
  - {id: figures, agent: a, description: Load the figures}
  - {id: summary, agent: a, description: Summarise the figures}
  - {id: page, agent: a, description: Set it, depends_on: [summary]}
"""


class Help(ProgramTest):
    def test_version(self):
        outcome = self.run_program("--version")
        self.assertRegex(outcome.stdout, r"^corchestra \d+\.\d+\.\d+\n$")
        self.assertEqual(outcome.returncode, 0)

    def test_help_everywhere_with_examples(self):
        for args in ((), *((v,) for v in VERBS)):
            outcome = self.run_program(*args, "--help")
            self.assertEqual(outcome.returncode, 0, args)
            self.assertEqual(outcome.stderr, "")
            self.assertIn("Usage: corchestra", outcome.stdout)
            self.assertIn("Example", outcome.stdout)
            self.assertIn("corchestra " + (args[0] if args else "run"), outcome.stdout)

    def test_every_setting_has_a_flag_in_the_help_of_run(self):
        keys = [s["key"] for s in json.loads(self.run_program("config", "--json").stdout)]
        text = self.run_program("run", "--help").stdout
        for key in keys:
            if key not in ("endpoint.api_key", "telemetry.otlp_headers"):
                self.assertIn("--" + key.split(".")[-1].replace("_", "-"), text)


class Check(ProgramTest):
    def test_a_sound_plan(self):
        self.write("p.yaml", COMMANDS)
        outcome = self.run_program("check", "p.yaml")
        self.assertEqual(outcome.stdout, "p.yaml: ok: 2 tasks, 2 agents, 1 dependency\n")
        self.assertEqual((outcome.stderr, outcome.returncode), ("", 0))
        self.assertEqual(self.run_program("check", "p.yaml", "--quiet").stdout, "")

    def test_open_tasks_are_counted(self):
        self.write("p.yaml", OPEN)
        self.assertEqual(self.run_program("check", "p.yaml").stdout,
                         "p.yaml: ok: 3 tasks, 1 agent, 1 dependency; 2 tasks without depends_on\n")

    def test_every_example_is_sound(self):
        plans = sorted((SOURCE / "examples" / "plans").glob("*.yaml"))
        self.assertGreaterEqual(len(plans), 4)
        for plan in plans:
            if plan.name == "batch-agents.yaml":
                args = (str(plan.with_name("batch.jsonl")), "--agents", str(plan))
            else:
                args = (str(plan),)
            outcome = self.run_program("check", *args)
            self.assertEqual(outcome.returncode, 0, outcome.stderr)


class Schema(ProgramTest):
    def test_it_is_a_json_schema(self):
        outcome = self.run_program("schema")
        schema = json.loads(outcome.stdout)
        self.assertIn("$schema", schema)
        self.assertIn("tasks", schema["properties"])
        self.assertEqual((outcome.stderr, outcome.returncode), ("", 0))

    def test_check_and_the_schema_agree_on_what_an_id_is(self):
        pattern = json.loads(self.run_program("schema").stdout)["definitions"]["name"]["pattern"]
        for id in ("a", "a\u00a0b", "a\u3000b", "é", "a b", "a\tb", "a/b", "a\x7fb", "a\x01b", "a\nb"):
            with self.subTest(id=id):
                self.write("p.json", json.dumps({"agents": {"c": {"kind": "command", "argv": ["x"]}},
                                                 "tasks": [{"id": id, "agent": "c", "depends_on": []}]}))
                checked = self.run_program("check", "p.json").returncode == 0
                self.assertEqual(checked, re.search(pattern, id) is not None)


class Init(ProgramTest):
    def test_it_writes_a_plan_that_is_sound_and_runs(self):
        outcome = self.run_program("init")
        self.assertEqual(outcome.stdout, "wrote plan.yaml; try: corchestra run plan.yaml --simulate\n")
        self.assertEqual(self.run_program("check", "plan.yaml").returncode, 0)
        ran = self.run_program("run", "plan.yaml", "--simulate", "--speed", "1000")
        self.assertEqual(ran.returncode, 0, ran.stderr)

    def test_it_replaces_nothing_without_force(self):
        self.write("plan.yaml", "mine")
        self.assert_refused(self.run_program("init"),
                            "corchestra: 'plan.yaml' exists: choose another name, or replace it with --force")
        self.assertEqual(self.read("plan.yaml"), "mine")
        self.assertEqual(self.run_program("init", "--force").returncode, 0)
        self.assertNotEqual(self.read("plan.yaml"), "mine")

    def test_only_yaml_is_made(self):
        self.assert_refused(self.run_program("init", "foo.json"),
                            "corchestra: a plan to start from is YAML: expected a name that ends in .yaml or .yml, "
                            "got 'foo.json'")

    def test_it_prints(self):
        self.assertIn("tasks:", self.run_program("init", "-").stdout)
        self.assertEqual(list(self.folder.iterdir()), [])

    def test_a_folder_that_is_not_there(self):
        self.assert_refused(self.run_program("init", "no/plan.yaml"),
                            "corchestra: cannot write 'no/plan.yaml': No such file or directory")


class Analyze(ProgramTest):
    def analyze(self, *args):
        self.write("p.yaml", OPEN)
        return self.run_program("analyze", "p.yaml", *args)

    def test_json(self):
        outcome = self.analyze("--simulate", "--speed", "1000", "--format", "json")
        self.assertEqual(outcome.returncode, 0, outcome.stderr)
        graph = json.loads(outcome.stdout)
        self.assertEqual(graph["levels"], [["figures"], ["summary"], ["page"]])
        self.assertEqual(graph["critical_path"], ["figures", "summary", "page"])
        self.assertEqual(graph["analysis"]["source"], "model")
        edges = {(e["from"], e["to"]): e["analyzed"] for e in graph["edges"]}
        self.assertEqual(edges, {("figures", "summary"): True, ("summary", "page"): False})

    def test_text_and_dot(self):
        text = self.analyze("--simulate", "--speed", "1000").stdout
        self.assertIn("level 1: figures\nlevel 2: summary\nlevel 3: page\n", text)
        self.assertTrue(text.endswith("1 found by the analysis (model)\n"))
        dot = self.analyze("--simulate", "--speed", "1000", "--format", "dot").stdout
        self.assertTrue(dot.startswith("digraph"))

    def test_explicit_dependencies_need_no_endpoint(self):
        outcome = self.analyze("--analysis", "never", "--format", "json")
        self.assertEqual(outcome.returncode, 0)
        graph = json.loads(outcome.stdout)
        self.assertEqual(graph["levels"], [["figures", "summary"], ["page"]])
        self.assertIsNone(graph["analysis"])

    def test_an_endpoint_out_of_reach(self):
        outcome = self.analyze("--base-url", "http://127.0.0.1:1/v1", "--http-retries", "0")
        self.assertEqual(outcome.returncode, 3)
        self.assertIn("corchestra: warning: dependency analysis failed (connect_failed)", outcome.stderr)
        self.assertIn("level 1: figures\nlevel 2: summary\n", outcome.stdout)


class Simulate(ProgramTest):
    def test_it_serves_until_interrupted(self):
        process = self.start_program("simulate", "--speed", "1000", "--require-key", "made-up-key")
        first = self.wait_for(process.stdout, "simulated model at ")[-1]
        url = first.split(" at ")[1].strip()
        self.write("p.yaml", OPEN)
        wrong = self.run_program("run", "p.yaml", "--base-url", url)
        self.assertEqual(wrong.returncode, 3)
        right = self.run_program("run", "p.yaml", env={"OPENAI_BASE_URL": url, "OPENAI_API_KEY": "made-up-key"})
        self.assertEqual(right.returncode, 0, right.stderr)
        with urllib.request.urlopen(url.removesuffix("/v1") + "/simulator/stats") as reply:
            self.assertGreaterEqual(json.load(reply)["calls"], 4)
        process.send_signal(signal.SIGINT)
        self.assertEqual(process.wait(), 0)

    def test_a_port_that_is_taken(self):
        process = self.start_program("simulate")
        url = self.wait_for(process.stdout, "simulated model at ")[-1]
        port = url.rsplit(":", 1)[1].split("/")[0]
        outcome = self.run_program("simulate", "--port", port)
        self.assertEqual(outcome.returncode, 2)
        self.assertIn("corchestra: ", outcome.stderr)
        self.assertIn(port, outcome.stderr)
        self.assertEqual(outcome.stdout, "")


class Config(ProgramTest):
    def settings(self, *args, env=None):
        outcome = self.run_program("config", "--json", *args, env=env)
        self.assertEqual(outcome.returncode, 0, outcome.stderr)
        return {s["key"]: s for s in json.loads(outcome.stdout)}

    def test_precedence(self):
        self.write("home/.config/corchestra/config.yaml", "max_concurrent_tasks: 2\n")
        key = "max_concurrent_tasks"
        self.assertEqual(self.settings()[key]["value"], "2")
        self.write("corchestra.yaml", "max_concurrent_tasks: 3\n")
        self.assertEqual(self.settings()[key]["value"], "3")
        self.assertEqual(self.settings()[key]["source"], "config file")
        self.write("p.yaml", COMMANDS + "limits: {max_concurrent_tasks: 4}\n")
        self.assertEqual(self.settings("p.yaml")[key]["value"], "4")
        self.assertEqual(self.settings("p.yaml")[key]["source"], "plan")
        env = {"CORCHESTRA_MAX_CONCURRENT_TASKS": "5"}
        self.assertEqual(self.settings("p.yaml", env=env)[key]["value"], "5")
        self.assertEqual(self.settings("p.yaml", env=env)[key]["origin"], "CORCHESTRA_MAX_CONCURRENT_TASKS")
        flag = self.settings("p.yaml", "--max-concurrent-tasks", "6", env=env)[key]
        self.assertEqual((flag["value"], flag["source"], flag["origin"]), ("6", "flag", "--max-concurrent-tasks"))

    def test_corchestra_variables_come_before_openai_ones(self):
        env = {"OPENAI_MODEL": "theirs", "CORCHESTRA_MODEL": "ours"}
        self.assertEqual(self.settings(env=env)["endpoint.model"]["value"], "ours")
        self.assertEqual(self.settings(env={"OPENAI_MODEL": "theirs"})["endpoint.model"]["value"], "theirs")

    def test_the_key_is_not_shown(self):
        env = {"OPENAI_API_KEY": "sk-secret-0123456789"}
        self.assertEqual(self.settings(env=env)["endpoint.api_key"]["value"], "[set]")
        self.assertEqual(self.settings()["endpoint.api_key"]["value"], "[not set]")
        for args in ((), ("--json",)):
            outcome = self.run_program("config", *args, env=env)
            self.assertNotIn("sk-secret", outcome.stdout + outcome.stderr)

    def test_the_table_has_a_line_a_setting(self):
        text = self.run_program("config").stdout
        self.assertEqual(len(text.splitlines()), len(self.settings()))
