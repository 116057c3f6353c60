"""Bad usage, plans and configuration: one message that names the place, exit code 2, nothing on stdout, nothing run."""

import os

from harness import COMMANDS, ONE_QUESTION, ProgramTest


class Usage(ProgramTest):
    def check_usage(self, args, problem, verb=None):
        name = "corchestra" + (f" {verb}" if verb else "")
        self.assert_refused(self.run_program(*args), f"{name}: {problem}\ntry '{name} --help'")

    def test_command_lines(self):
        self.check_usage([], "a command is needed")
        self.check_usage(["rnu"], "unknown command 'rnu' (did you mean run?)")
        self.check_usage(["--frobnicate"], "unknown option '--frobnicate'")
        self.check_usage(["run"], "PLAN is required", "run")
        self.check_usage(["check"], "PLAN is required", "check")
        self.check_usage(["analyze"], "PLAN is required", "analyze")
        self.check_usage(["run", "p.yaml", "--ouput", "x"], "unknown option '--ouput' (did you mean --output?)", "run")
        self.check_usage(["run", "p.yaml", "q.yaml"], "unexpected argument 'q.yaml'", "run")
        self.check_usage(["run", "p.yaml", "--fail-fast", "--no-fail-fast"], "--fail-fast excludes --no-fail-fast", "run")
        self.check_usage(["schema", "--json"], "unknown option '--json'", "schema")
        self.check_usage(["config", "--simulate"], "unknown option '--simulate'", "config")

    def test_flags_without_their_value(self):
        for flag in ("--output", "--model", "--set"):
            outcome = self.run_program("run", "p.yaml", flag)
            self.assertEqual(outcome.returncode, 2)
            self.assertEqual(outcome.stdout, "")
            self.assertRegex(outcome.stderr, rf"^corchestra run: {flag}: 1 required .* missing\ntry 'corchestra run --help'\n$")

    def test_values_of_flags(self):
        self.write("p.yaml", COMMANDS)
        cases = {
            ("--seed", "x"): "--seed: expected a whole number from 0 to 18446744073709551615, got 'x'",
            ("--seed", "-1"): "--seed: expected a whole number from 0 to 18446744073709551615, got '-1'",
            ("--speed", "0"): "--speed: expected a number from 0.01 to 100000, got '0'",
            ("--speed", "nan"): "--speed: expected a number from 0.01 to 100000, got 'nan'",
            ("--set", "novalue"): "--set: expected KEY=VALUE, got 'novalue'",
            ("--set", "=x"): "--set: expected KEY=VALUE, got '=x'",
            ("--set", "a=b"): "--set 'a': p.yaml declares no such input; there are no inputs",
            ("--log-level", "loud"): "--log-level: expected trace, debug, info, warn, error or off, got 'loud'",
            ("--max-concurrent-tasks", "0"): "--max-concurrent-tasks: expected an integer from 1 to 100000, got '0'",
            ("--run-timeout", "soon"): "--run-timeout: expected a duration above zero, at most 36500d, such as 30s or 1h30m, got 'soon'",
            ("--analysis", "maybe"): "--analysis: expected auto, always or never, got 'maybe'",
            ("--mode", "fast"): "--mode: expected auto, sequential, levels or parallel, got 'fast'",
            ("--approve", "maybe"): "--approve: expected all, none or default, got 'maybe'",
            ("--log-style", "loud"): "--log-style: expected standard or classic, got 'loud'",
            ("--explain-after", "0s"): "--explain-after: expected a duration above zero, at most 36500d, such as 30s, got '0s'",
            ("--http-retries", "21"): "--http-retries: expected an integer from 0 to 20, got '21'",
            ("--base-url", "localhost"): "--base-url: expected a URL http://HOST[/PATH] or https://HOST[/PATH] without a "
                                         "user name, got 'localhost'",
            ("--api-key", "sk-1234567"): "--api-key: everybody on this machine could read it there: set OPENAI_API_KEY or "
                                         "CORCHESTRA_API_KEY",
        }
        for (flag, value), message in cases.items():
            with self.subTest(flag=flag, value=value):
                self.assert_refused(self.run_program("run", "p.yaml", "--simulate", flag, value), "corchestra: " + message)
        self.assertFalse((self.folder / "corchestra-runs").exists())

    def test_flags_that_do_not_go_together(self):
        self.write("p.yaml", COMMANDS)
        cases = {
            ("run", "p.yaml", "--seed", "x"): "--seed requires --simulate",
            ("run", "p.yaml", "--speed", "nan"): "--speed requires --simulate",
            ("analyze", "p.yaml", "--seed", "1"): "--seed requires --simulate",
            ("batch", "in.jsonl", "-o", "out.jsonl", "--speed", "10"): "--speed requires --simulate",
            ("batch", "in.jsonl", "-o", "out.jsonl", "--sample-seed", "3"): "--sample-seed requires --sample",
            ("plan", "p.yaml", "--graph", "dot", "--svg", "a.svg"): "--svg excludes --graph",
            ("plan", "p.yaml", "--graph", "dot", "--json"): "--graph excludes --json",
            ("plan", "p.yaml", "--graph", "dot", "--slots", "4"): "--slots excludes --graph",
        }
        for args, problem in cases.items():
            with self.subTest(args=args):
                self.check_usage(args, problem, args[0])
        self.assertEqual(os.listdir(self.folder), ["p.yaml"])

    def test_an_empty_value_is_no_flag_left_out(self):
        self.write("p.yaml", COMMANDS)
        batch = ("batch", "in.jsonl", "-o", "out.jsonl")
        for args in (("run", "p.yaml", "--output", ""), ("run", "p.yaml", "--approve", ""), ("run", ""),
                     ("plan", "p.yaml", "--slots", ""), ("plan", "p.yaml", "--durations", ""),
                     (*batch, "--prompt", ""), (*batch, "--budget", ""), (*batch, "--limit", ""), ("simulate", "--error-rate", "")):
            with self.subTest(args=args):
                flag = "PLAN" if args == ("run", "") else [a for a in args if a.startswith("--")][-1]
                self.assert_refused(self.run_program(*args), f"corchestra: {flag}: expected a value, got ''")
        self.assertEqual(os.listdir(self.folder), ["p.yaml"])

    def test_an_output_folder_is_given_once(self):
        self.write("p.yaml", COMMANDS)
        self.assert_refused(self.run_program("run", "p.yaml", "-o", "one", "--output", "two"),
                            "corchestra: --output: given twice: 'one' and 'two'")
        self.assertFalse((self.folder / "two").exists())

    def test_flags_of_other_verbs(self):
        self.write("p.yaml", COMMANDS)
        cases = {
            ("plan", "p.yaml", "--slots", "4,x"): "--slots: expected a whole number from 1 to 100000, got 'x'",
            ("plan", "p.yaml", "--slots", "0"): "--slots: expected a whole number from 1 to 100000, got '0'",
            ("plan", "p.yaml", "--graph", "png"): "--graph: expected mermaid, dot or svg, got 'png'",
            ("plan", "p.yaml", "--svg", "no/such/x.svg"): "cannot write 'no/such/x.svg': No such file or directory",
            ("simulate", "--port", "70000"): "--port: expected a whole number from 0 to 65535, got '70000'",
            ("simulate", "--error-rate", "2"): "--error-rate: expected a number from 0 to 1, got '2'",
            ("simulate", "--rate-limit-rate", "x"): "--rate-limit-rate: expected a number from 0 to 1, got 'x'",
            ("analyze", "p.yaml", "--format", "svg"): "--format: expected text, json or dot, got 'svg'",
        }
        for args, message in cases.items():
            with self.subTest(args=args):
                self.assert_refused(self.run_program(*args), "corchestra: " + message)

    def test_environment(self):
        self.write("p.yaml", COMMANDS)
        cases = {
            "CORCHESTRA_MODE": ("fast", "CORCHESTRA_MODE: expected auto, sequential, levels or parallel, got 'fast'"),
            "OPENAI_BASE_URL": ("ftp://x", "OPENAI_BASE_URL: expected a URL http://HOST[/PATH] or https://HOST[/PATH] "
                                           "without a user name, got 'ftp://x'"),
            "OPENAI_API_KEY": ("two words", "OPENAI_API_KEY: expected a key of visible ASCII characters"),
        }
        for name, (value, message) in cases.items():
            with self.subTest(name=name):
                self.assert_refused(self.run_program("run", "p.yaml", env={name: value}), "corchestra: " + message)

    def test_configuration_files(self):
        self.write("p.yaml", COMMANDS)
        self.write("corchestra.yaml", "http_retries: many\n")
        self.assert_refused(self.run_program("run", "p.yaml"),
                            "corchestra: corchestra.yaml:1: http_retries: expected an integer from 0 to 20, got 'many'")

    def test_plans(self):
        agents = "agents: {a: {kind: command, argv: [x]}}\n"
        cases = {
            "empty.yaml": ("", "empty.yaml:1: expected an object, got nothing"),
            "list.yaml": ("- 1\n", "list.yaml:1: expected an object, got a list"),
            "syntax.yaml": ("tasks: [\n", "syntax.yaml:2:1: malformed YAML: end of sequence flow not found"),
            "cut.jsonl": ("{}\n", "cut.jsonl: a plan of one task call a line needs --agents FILE"),
            "agent.yaml": (agents + "tasks: [{id: a, agent: b, description: x}]\n",
                           "agent.yaml:2: tasks[0].agent: unknown agent 'b', did you mean 'a'?"),
            "duration.yaml": (agents + "tasks: [{id: a, agent: a, description: x, expected_duration: 99999d}]\n",
                              "duration.yaml:2: tasks[0].expected_duration: expected a duration above zero, at most 36500d, "
                              "such as 30s or 1h30m, got '99999d'"),
            "priority.yaml": (agents + "tasks: [{id: a, agent: a, description: x, priority: high}]\n",
                              "priority.yaml:2: tasks[0].priority: expected an integer, got 'high'"),
            "reference.yaml": (agents + 'tasks: [{id: a, agent: a, description: x, context: {c: "${tasks.z.output}"}}]\n',
                               "reference.yaml:2: tasks[0].context: task 'a': ${tasks.z.output} names an unknown task, did "
                               "you mean 'a'?"),
            "unknown.yaml": (agents + "tasks: [{id: a, agent: a, description: x, depends_on: [nobody]}]\n",
                             "unknown.yaml:2: tasks[0].depends_on: unknown task ids: 'nobody' (asked for by 'a')"),
            "cycle.yaml": (agents + "tasks:\n  - {id: a, agent: a, description: x, depends_on: [b]}\n"
                           "  - {id: b, agent: a, description: x, depends_on: [a]}\n",
                           "cycle.yaml:3: tasks[0].depends_on: tasks that wait for each other (each needs the next): a -> b -> a"),
        }
        for name, (text, message) in cases.items():
            self.write(name, text)
            for verb in ("check", "run", "analyze"):
                with self.subTest(name=name, verb=verb):
                    self.assert_refused(self.run_program(verb, name), "corchestra: " + message)
        self.assert_refused(self.run_program("run", "no.yaml"), "corchestra: cannot read 'no.yaml': No such file or directory")
        self.assert_refused(self.run_program("run", "plan.txt"),
                            "corchestra: plan.txt: expected a file that ends with .yaml, .yml, .json or .jsonl")

    def test_endpoints(self):
        self.write("p.yaml", ONE_QUESTION)
        self.assert_refused(
            self.run_program("run", "p.yaml"),
            "corchestra: p.yaml: agent 'a' asks a model and no endpoint is configured: set OPENAI_BASE_URL or --base-url "
            "(and OPENAI_API_KEY where it needs one), or use --simulate")
        self.write("nomodel.yaml", ONE_QUESTION.replace(", model: of-the-plan", ""))
        self.assert_refused(
            self.run_program("run", "nomodel.yaml", "--base-url", "http://127.0.0.1:1/v1"),
            "corchestra: nomodel.yaml: task 'ask': agent 'a' names no model: set one in the plan, or --model or OPENAI_MODEL")
        self.write("open.yaml", ONE_QUESTION.replace(", depends_on: []", "").replace(
            "]\n", ", {id: b, agent: a, description: More}]\n"))
        self.assert_refused(
            self.run_program("analyze", "open.yaml"),
            "corchestra: open.yaml: the dependency analysis asks a model and no endpoint is configured: set OPENAI_BASE_URL "
            "or --base-url (and OPENAI_API_KEY where it needs one), or use --simulate")

    def test_what_settings_name_is_read_and_made_before_anything_is_sent(self):
        self.write("p.yaml", ONE_QUESTION)
        cases = {
            ("--replay", "."): "--replay: cannot read '.': it is a folder",
            ("--replay", "none.jsonl"): "--replay: cannot read 'none.jsonl': No such file or directory",
            ("--replay", "/dev/zero"): "--replay: '/dev/zero' is larger than 268435456 bytes",
            ("--prices", "none.json"): "--prices: cannot read 'none.json': No such file or directory",
            ("--prices", "/dev/zero"): "--prices: '/dev/zero' is larger than 67108864 bytes",
            ("--record", "."): "--record: cannot write '.': Is a directory",
            ("--response-cache", "."): "--response-cache: cannot open '.': Is a directory",
            ("--response-cache", "no/x.db"): "--response-cache: cannot open 'no/x.db': No such file or directory",
            ("--key-header", "x my"): "--key-header: 'x my' is no name of a header",
            ("--base-url", "http://127.0.0.1:1/v1/chat/completions"): "--base-url: must end before /chat/completions",
        }
        for (flag, value), message in cases.items():
            with self.subTest(flag=flag, value=value):
                self.assert_refused(self.run_program("run", "p.yaml", "--base-url", "http://127.0.0.1:1/v1", flag, value),
                                    "corchestra: " + message)
        self.assertFalse((self.folder / "corchestra-runs").exists())

    def test_an_error_about_a_setting_names_the_variable_or_the_line_that_set_it(self):
        self.write("p.yaml", ONE_QUESTION)
        run = ("run", "p.yaml", "--base-url", "http://127.0.0.1:1/v1")
        self.assert_refused(self.run_program(*run, env={"CORCHESTRA_REPLAY": "none.jsonl"}),
                            "corchestra: CORCHESTRA_REPLAY: cannot read 'none.jsonl': No such file or directory")
        self.write("corchestra.yaml", "replay: none.jsonl\nendpoint: {key_header: x my}\n")
        self.assert_refused(self.run_program(*run),
                            "corchestra: corchestra.yaml:1: replay: cannot read 'none.jsonl': No such file or directory")
        self.write("corchestra.yaml", "endpoint: {key_header: x my}\n")
        self.assert_refused(self.run_program(*run),
                            "corchestra: corchestra.yaml:1: endpoint.key_header: 'x my' is no name of a header")

    def test_output_folders(self):
        self.write("p.yaml", COMMANDS)
        self.write("full/notes.txt", "mine")
        self.assert_refused(
            self.run_program("run", "p.yaml", "--output", "full"),
            "corchestra: output folder 'full' is not empty: choose another, or replace an earlier run's files with --force")
        self.assert_refused(self.run_program("run", "p.yaml", "--output", "p.yaml"),
                            "corchestra: output 'p.yaml' is not a folder")
        self.assert_refused(self.run_program("run", "p.yaml", "--output", "p.yaml/below"),
                            "corchestra: cannot make the folder 'p.yaml/below': Not a directory")
        self.assertEqual(self.read("full/notes.txt"), "mine")
