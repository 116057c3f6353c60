"""run against endpoints: models, keys and who could not be reached."""

import json

from harness import ONE_QUESTION, Endpoint, ProgramTest, chat_reply

KEY = "sk-secret-0123456789"


class Models(ProgramTest):
    def model_asked(self, *args, env=None):
        endpoint = Endpoint(self, lambda _: (200, chat_reply("hello")))
        outcome = self.run_program("run", "p.yaml", "--base-url", endpoint.url, *args, env=env)
        self.assertEqual(outcome.returncode, 0, outcome.stderr)
        return endpoint.requests[0]["model"]

    def test_flags_then_environment_then_plan_then_configuration(self):
        self.write("p.yaml", ONE_QUESTION)
        self.write("corchestra.yaml", "endpoint: {model: of-the-file}\n")
        env = {"OPENAI_MODEL": "of-openai"}
        self.assertEqual(self.model_asked(), "of-the-plan")
        self.assertEqual(self.model_asked(env=env), "of-openai")
        self.assertEqual(self.model_asked(env={**env, "CORCHESTRA_MODEL": "of-corchestra"}), "of-corchestra")
        self.assertEqual(self.model_asked("--model", "of-the-flag", env=env), "of-the-flag")
        self.write("p.yaml", ONE_QUESTION.replace("model: of-the-plan, ", ""))
        self.assertEqual(self.model_asked(), "of-the-file")

    def test_the_base_url_of_the_flag_wins(self):
        self.write("p.yaml", ONE_QUESTION)
        self.assertEqual(self.model_asked(env={"OPENAI_BASE_URL": "http://127.0.0.1:1/v1"}), "of-the-plan")

    def test_simulate_always_means_the_simulated_model(self):
        self.write("p.yaml", ONE_QUESTION)
        endpoint = Endpoint(self, lambda _: (500, {}))
        outcome = self.run_program("run", "p.yaml", "--simulate", "--speed", "1000", "--json", "--base-url", endpoint.url)
        self.assertEqual(outcome.returncode, 0, outcome.stderr)
        self.assertTrue(json.loads(outcome.stdout)["simulated"])
        self.assertEqual(endpoint.requests, [])


class Unreachable(ProgramTest):
    def test_nobody_listens(self):
        self.write("p.yaml", ONE_QUESTION)
        outcome = self.run_program("run", "p.yaml", "--base-url", "http://127.0.0.1:1/v1", "--http-retries", "0")
        self.assertEqual(outcome.returncode, 3)
        self.assertTrue(outcome.stderr.endswith(
            "corchestra: no call reached http://127.0.0.1:1/v1 or passed its authentication: check --base-url and "
            "OPENAI_API_KEY\n"), outcome.stderr)

    def test_a_wrong_key(self):
        self.write("p.yaml", ONE_QUESTION)
        endpoint = Endpoint(self, lambda _: (401, {"error": {"message": "bad key"}}))
        self.assertEqual(self.run_program("run", "p.yaml", "--base-url", endpoint.url).returncode, 3)

    def test_an_endpoint_that_answers_badly_was_reached(self):
        self.write("p.yaml", ONE_QUESTION)
        endpoint = Endpoint(self, lambda _: (400, {"error": {"message": "no such thing"}}))
        self.assertEqual(self.run_program("run", "p.yaml", "--base-url", endpoint.url).returncode, 1)


class Secrecy(ProgramTest):
    def everything(self, outcome):
        files = [p for p in self.folder.rglob("*") if p.is_file()]
        return "\n".join([outcome.stdout, outcome.stderr, *(f"{p}\n{p.read_text(errors='replace')}" for p in files)])

    def test_the_key_is_sent_and_appears_nowhere(self):
        plan = ONE_QUESTION.replace(
            "agents: {", "agents: {env: {kind: command, argv: [sh, -c, \"env; env >&2; exit $0\", \"${context.code}\"]}, ")
        plan = plan.replace("tasks: [", "tasks: [{id: good, agent: env, description: Show, depends_on: [], context: {code: 0}}, "
                                        "{id: bad, agent: env, description: Fail, depends_on: [], context: {code: 1}}, ")
        self.write("p.yaml", plan)
        for status in (200, 400, 401, 500):
            with self.subTest(status=status):
                body = chat_reply(f"you sent {KEY}") if status == 200 else {"error": {"message": f"bad key {KEY}"}}
                endpoint = Endpoint(self, lambda _, s=status, b=body: (s, b))
                outcome = self.run_program("run", "p.yaml", "--base-url", endpoint.url, "--http-retries", "0", "--json",
                                           "--output", f"out{status}", "--log-level", "trace",
                                           env={"OPENAI_API_KEY": KEY})
                self.assertEqual(endpoint.authorizations[0], f"Bearer {KEY}")
                self.assertEqual(outcome.returncode, 3 if status == 401 else 1, outcome.stderr)
                self.assertNotIn(KEY, self.everything(outcome))
