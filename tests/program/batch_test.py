"""batch: files in and out, resuming, interrupting, what is refused and what is said."""

import json
import os
import signal
import threading

from harness import Endpoint, ProgramTest, chat_reply


def line(name, **body):
    body = {"model": "m", "messages": [{"role": "user", "content": name}], **body}
    return json.dumps({"custom_id": name, "method": "POST", "url": "/v1/chat/completions", "body": body})


PRICES = '{"gpt-4o": {"input_cost_per_token": 2.5e-06, "output_cost_per_token": 1e-05}}'


def words(request):
    return request["messages"][-1]["content"]


class Batch(ProgramTest):
    def setUp(self):
        super().setUp()
        self.answer = lambda request: (200, chat_reply(words(request)))
        self.endpoint = Endpoint(self, lambda request: self.answer(request))

    def requests(self, count, name="in.jsonl"):
        self.write(name, "".join(line(f"r{i}") + "\n" for i in range(count)))

    def batch(self, *args, source="in.jsonl"):
        return self.run_program("batch", source, "-o", "out.jsonl", "--base-url", self.endpoint.url, *args)

    def answers(self):
        return {a["custom_id"]: a["response"]["body"]["choices"][0]["message"]["content"] for a in self.lines("out.jsonl")}

    def test_settings_that_only_plans_have_are_no_options(self):
        options = self.run_program("batch", "--help").stdout
        for heeded in ("--base-url", "--rpm", "--prices", "--replay", "--log-level"):
            self.assertIn(heeded + " VALUE", options)
        for other in ("--analysis", "--max-concurrent-tasks", "--otlp-endpoint", "--first-token-timeout",
                      "--hedge-after"):
            self.assertNotIn(other + " VALUE", options)
        self.requests(1)
        refused = self.batch("--order", "priority")
        self.assertEqual(refused.returncode, 2)
        self.assertIn("--order", refused.stderr)

    def test_every_line_is_answered_and_a_second_run_has_nothing_to_do(self):
        self.requests(20)
        outcome = self.batch()
        self.assertEqual(outcome.returncode, 0, outcome.stderr)
        self.assertEqual(self.answers(), {f"r{i}": f"r{i}" for i in range(20)})
        self.assertEqual(self.read("out.errors.jsonl"), "")
        self.assertIn("20 requests to chat/completions, 20 to be sent\n", outcome.stderr)
        self.assertIn("Batch ended: 20 done, 0 failed in ", outcome.stderr)
        again = self.batch()
        self.assertEqual(again.returncode, 0)
        self.assertIn("20 requests to chat/completions, 0 to be sent\n", again.stderr)
        self.assertEqual(len(self.endpoint.requests), 20)

    def test_a_dry_run_sends_and_writes_nothing(self):
        self.write("in.jsonl", line("a", model="gpt-4o", max_tokens=1000) + "\n")
        self.write("prices.json", PRICES)
        outcome = self.batch("--dry-run", "--prices", "prices.json")
        self.assertEqual(outcome.returncode, 0, outcome.stderr)
        self.assertIn("1 request to chat/completions, 1 to be sent\n   gpt-4o: 1 request, ", outcome.stdout)
        self.assertIn("   Cost:  about $", outcome.stdout)
        plan = json.loads(self.batch("--dry-run", "--json").stdout)
        self.assertEqual((plan["requests"], plan["left"], plan["models"]["gpt-4o"]["max_tokens"]), (1, 1, 1000))
        self.assertEqual(sorted(os.listdir(self.folder)), ["in.jsonl", "prices.json"])
        self.assertEqual(self.endpoint.requests, [])

    def test_the_report_as_json_is_all_of_stdout(self):
        self.requests(3)
        outcome = self.batch("--json")
        report = json.loads(outcome.stdout)
        self.assertEqual(report["end"], "finished")
        self.assertEqual((report["done"], report["failed"], report["left"]), (3, 0, 0))
        self.assertEqual(report["usage"]["total_tokens"], 15)
        self.assertEqual(report["output"], "out.jsonl")

    def test_failures_are_exit_code_1_and_sent_again_on_request(self):
        self.requests(3)
        self.answer = lambda q: (400, {"error": {"message": "no"}}) if words(q) == "r1" else (200, chat_reply(words(q)))
        outcome = self.batch()
        self.assertEqual(outcome.returncode, 1)
        self.assertIn("   Failures:  out.errors.jsonl (1 bad_request): --retry-failed sends them again\n", outcome.stderr)
        self.assertEqual([(f["custom_id"], f["error"]["code"]) for f in self.lines("out.errors.jsonl")],
                         [("r1", "bad_request")])
        self.answer = lambda q: (200, chat_reply(words(q)))
        self.assertEqual(self.batch().returncode, 1)
        self.assertEqual(len(self.endpoint.requests), 3)
        self.assertEqual(self.batch("--retry-failed").returncode, 0)
        self.assertEqual(len(self.answers()), 3)
        self.assertEqual(self.read("out.errors.jsonl"), "")

    def test_bad_input_is_named_by_file_and_line_before_anything_is_sent(self):
        for content, message in (
            (line("a") + "\n{\n", "in.jsonl:2: column 1: syntax error while parsing object key - unexpected end of input; "
                                  "expected string literal"),
            (line("a") + "\n" + line("a"), "in.jsonl:2: the custom_id 'a' was given in line 1 already"),
            ("\n" + line("a", stream=True), "in.jsonl:2: body.stream: answers of a batch are not streamed: take it out"),
            ("7\n8\n", "in.jsonl:1: expected a JSON object, got 7 (and 1 other line with errors)"),
            ("", "'in.jsonl' has no requests: expected one a line"),
        ):
            with self.subTest(message):
                self.write("in.jsonl", content)
                self.assert_refused(self.batch(), "corchestra: " + message)
        self.assertEqual(self.endpoint.requests, [])
        self.assertEqual(os.listdir(self.folder), ["in.jsonl"])

    def test_what_flags_say_is_checked_before_anything_is_sent(self):
        self.requests(1)
        self.write("rows.csv", "text\nHi\n")
        self.write("marks.csv", 'text\nHi\na "b" c\n')
        for args, message in (
            (("in.jsonl", "-o", "."), "--output: expected a file for the answers, and '.' is a folder"),
            (("in.jsonl", "-o", "no/"), "--output: expected a file for the answers, and 'no/' is a folder"),
            (("in.jsonl", "-o", "no/out.jsonl"), "--output: cannot open 'no/out.state.db': No such file or directory"),
            (("rows.csv", "-o", "out.jsonl", "--prompt", "${"), "--prompt: the '${' before '' is not closed by a '}'"),
            (("rows.csv", "-o", "out.jsonl", "--prompt", "Hi", "--system", "${}"), "--system: '${}' names no column"),
            (("rows.csv", "-o", "out.jsonl", "--prompt", "Hi", "--body", '{"messages": []}'),
             "--body: 'messages' cannot be set there"),
            (("rows.csv", "-o", "out.jsonl", "--prompt", "${word}", "--model", "m"),
             "rows.csv:2: --prompt: there is no column 'word'; there are: text"),
            (("marks.csv", "-o", "out.jsonl", "--prompt", "Hi", "--model", "m"),
             "marks.csv:3: a quotation mark stands in the middle of a field: a field with marks is put between two of them, "
             "and its own are doubled"),
        ):
            with self.subTest(message):
                self.assert_refused(self.run_program("batch", *args, "--base-url", self.endpoint.url), "corchestra: " + message)
        self.assertEqual(self.endpoint.requests, [])
        self.assertEqual(sorted(os.listdir(self.folder)), ["in.jsonl", "marks.csv", "rows.csv"])

    def test_another_input_or_another_setting_is_refused(self):
        self.requests(2)
        self.assertEqual(self.batch().returncode, 0)
        self.assert_refused(
            self.batch("--model", "other"),
            "corchestra: 'out.state.db' was begun with model \"\", and now it is \"other\": give what it was begun with, "
            "or another output file")
        self.requests(3)
        self.assert_refused(
            self.batch(), "corchestra: 'in.jsonl' is not the file that 'out.state.db' was begun with: its answers would "
            "not belong together. Take that file, or another output file")

    def test_columns_of_a_csv_file_fill_a_prompt(self):
        self.write("in.csv", 'id,text\n1,"good, very"\n2,bad\n')
        self.write("prompt.txt", "Is this kind? ${text}\n")
        outcome = self.batch("--prompt", "@prompt.txt", "--model", "m", "--max-tokens", "5", "--ordered", source="in.csv")
        self.assertEqual(outcome.returncode, 0, outcome.stderr)
        self.assertEqual(self.answers(), {"1": "Is this kind? good, very", "2": "Is this kind? bad"})
        self.assertEqual({q["max_tokens"] for q in self.endpoint.requests}, {5})

    def test_answers_in_input_order(self):
        self.requests(60)
        first = threading.Event()
        others = [0]

        def answer(request):
            if words(request) == "r0":
                first.wait()
            else:
                others[0] += 1
                if others[0] == 15:
                    first.set()
            return 200, chat_reply(words(request))

        self.answer = answer
        self.assertEqual(self.batch("--ordered").returncode, 0)
        self.assertEqual([a["custom_id"] for a in self.lines("out.jsonl")], [f"r{i}" for i in range(60)])

    def test_ctrl_c_lets_what_is_in_flight_end_and_the_same_command_goes_on(self):
        self.requests(30)
        asked, go = threading.Semaphore(0), threading.Event()

        def answer(request):
            asked.release()
            go.wait()
            return 200, chat_reply(words(request))

        self.answer = answer
        process = self.start_program("batch", "in.jsonl", "-o", "out.jsonl", "--base-url", self.endpoint.url, "-c", "4")
        for _ in range(4):
            asked.acquire()
        process.send_signal(signal.SIGINT)
        self.wait_for(process.stderr, "Interrupted: what is in flight ends; a second Ctrl-C gives it up")
        go.set()
        _, err = process.communicate()
        self.assertEqual(process.returncode, 130)
        self.assertIn("Batch interrupted; 26 requests are left: 4 done, 0 failed in ", err)
        self.assertIn("   Go on:     the same command again\n", err)
        self.assertEqual(len(self.endpoint.requests), 4)
        self.assertEqual(self.batch().returncode, 0)
        self.assertEqual(len(self.endpoint.requests), 30)
        self.assertEqual(len(self.answers()), 30)

    def test_a_second_ctrl_c_gives_up_what_is_in_flight(self):
        self.requests(3)
        asked, go = threading.Semaphore(0), threading.Event()
        self.addCleanup(go.set)

        def answer(request):
            asked.release()
            go.wait()
            return 200, chat_reply(words(request))

        self.answer = answer
        process = self.start_program("batch", "in.jsonl", "-o", "out.jsonl", "--base-url", self.endpoint.url)
        for _ in range(3):
            asked.acquire()
        process.send_signal(signal.SIGINT)
        self.wait_for(process.stderr, "Interrupted")
        process.send_signal(signal.SIGINT)
        _, err = process.communicate()
        self.assertEqual(process.returncode, 130)
        self.assertIn("Batch cancelled; 3 requests are left", err)

    def test_two_processes_cannot_have_one_output(self):
        self.requests(2)
        asked, go = threading.Semaphore(0), threading.Event()
        self.addCleanup(go.set)

        def answer(request):
            asked.release()
            go.wait()
            return 200, chat_reply(words(request))

        self.answer = answer
        process = self.start_program("batch", "in.jsonl", "-o", "out.jsonl", "--base-url", self.endpoint.url)
        asked.acquire()
        self.assert_refused(self.batch(), "corchestra: 'out.state.db' is in use by another process")
        go.set()
        process.communicate()
        self.assertEqual(process.returncode, 0)

    def test_a_key_that_is_refused_is_exit_code_3_and_leaves_all_to_be_done(self):
        self.requests(5)
        self.answer = lambda q: (401, {"error": {"message": "bad key"}})
        outcome = self.batch()
        self.assertEqual(outcome.returncode, 3)
        self.assertIn("Batch stopped; 5 requests are left: 0 done, 0 failed", outcome.stderr)
        self.answer = lambda q: (200, chat_reply(words(q)))
        self.assertEqual(self.batch().returncode, 0)

    def test_what_is_expensive_needs_consent(self):
        self.write("in.jsonl", "".join(line(f"r{i}", model="gpt-4o", max_tokens=100_000) + "\n" for i in range(50)))
        self.write("prices.json", PRICES)
        outcome = self.batch("--prices", "prices.json")
        self.assertEqual(outcome.returncode, 2)
        self.assertRegex(outcome.stderr, r"^corchestra: this batch costs about \$25\.\d\d, at most \$50\.\d\d: give --yes, "
                                         r"or a --budget\n$")
        self.assertEqual(self.endpoint.requests, [])
        self.assertEqual(self.batch("--prices", "prices.json", "--yes").returncode, 0)

    def test_a_budget_is_not_exceeded(self):
        self.write("in.jsonl", "".join(line(f"r{i}", model="gpt-4o", max_tokens=1000) + "\n" for i in range(50)))
        self.write("prices.json", PRICES)
        reply = {**chat_reply("x"), "model": "gpt-4o"}
        del reply["usage"]
        self.answer = lambda q: (200, reply)
        outcome = self.batch("--budget", "0.05", "--prices", "prices.json", "--json")
        self.assertEqual(outcome.returncode, 1, outcome.stderr)
        report = json.loads(outcome.stdout)
        self.assertEqual(report["end"], "budget")
        self.assertLessEqual(float(report["spent_usd"]), 0.05)
        self.assertEqual(report["done"], report["estimated_calls"])
        self.assertEqual(report["done"], len(self.endpoint.requests))
        self.assertEqual(report["done"], 4)

    def test_a_simulated_batch_needs_no_endpoint(self):
        self.requests(50)
        outcome = self.run_program("batch", "in.jsonl", "-o", "out.jsonl", "--simulate", "--speed", "10000", "--limit", "10")
        self.assertEqual(outcome.returncode, 0, outcome.stderr)
        self.assertIn("The model is simulated: its answers are invented\n", outcome.stderr)
        self.assertEqual(len(self.lines("out.jsonl")), 10)

    def test_without_an_endpoint_nothing_is_done(self):
        self.requests(1)
        outcome = self.run_program("batch", "in.jsonl", "-o", "out.jsonl")
        self.assertEqual(outcome.returncode, 2)
        self.assertIn("no endpoint is configured", outcome.stderr)
        self.assertEqual(os.listdir(self.folder), ["in.jsonl"])
