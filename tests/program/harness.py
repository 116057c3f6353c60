"""Runs the built program in a folder and an environment of its own."""

import json
import os
import pathlib
import subprocess
import tempfile
import threading
import unittest
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

PROGRAM = os.environ["CORCHESTRA"]
SOURCE = pathlib.Path(__file__).resolve().parents[2]
LIMIT = 120  # ends a test that hangs; nothing depends on it


class ProgramTest(unittest.TestCase):
    maxDiff = None

    def setUp(self):
        folder = tempfile.TemporaryDirectory(prefix="corchestra-program-")
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name)
        kept = ("PATH", "LANG", "ASAN_OPTIONS", "TSAN_OPTIONS", "UBSAN_OPTIONS", "LLVM_PROFILE_FILE")
        self.env = {k: v for k, v in os.environ.items() if k in kept}
        self.env["HOME"] = str(self.folder / "home")
        self.env["PYTHONDONTWRITEBYTECODE"] = "1"

    def write(self, name, content):
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content, encoding="utf-8")
        return path

    def read(self, name):
        return (self.folder / name).read_text(encoding="utf-8")

    def lines(self, name):
        return [json.loads(line) for line in self.read(name).splitlines()]

    def run_program(self, *args, env=None):
        return subprocess.run(
            [PROGRAM, *args], cwd=self.folder, env={**self.env, **(env or {})}, stdin=subprocess.DEVNULL,
            capture_output=True, text=True, encoding="utf-8", timeout=LIMIT)

    def start_program(self, *args, env=None):
        process = subprocess.Popen(
            [PROGRAM, *args], cwd=self.folder, env={**self.env, **(env or {})}, stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, encoding="utf-8")
        self.addCleanup(self.end, process)
        return process

    @staticmethod
    def end(process):
        if process.poll() is None:
            process.kill()
        process.communicate()

    def wait_for(self, stream, text):
        """Reads lines until one contains the text; gives back all that were read."""
        seen = []
        for line in stream:
            seen.append(line)
            if text in line:
                return seen
        self.fail(f"the output ended without {text!r}: {''.join(seen)}")

    def assert_refused(self, outcome, message, code=2):
        """One message on stderr, nothing on stdout."""
        self.assertEqual(outcome.stderr, message + "\n")
        self.assertEqual(outcome.stdout, "")
        self.assertEqual(outcome.returncode, code)


def chat_reply(text):
    return {
        "id": "x", "object": "chat.completion", "model": "m",
        "choices": [{"index": 0, "message": {"role": "assistant", "content": text}, "finish_reason": "stop"}],
        "usage": {"prompt_tokens": 3, "completion_tokens": 2, "total_tokens": 5},
    }


class Endpoint:
    """An endpoint whose replies the test decides: `answer(request) -> (status, body)`. Keeps what it was asked."""

    def __init__(self, test, answer):
        self.requests, self.authorizations = [], []
        endpoint = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self):
                request = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                endpoint.requests.append(request)
                endpoint.authorizations.append(self.headers["Authorization"])
                status, body = answer(request)
                data = json.dumps(body).encode()
                self.send_response(status)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(data)))
                try:
                    self.end_headers()
                    self.wfile.write(data)
                except OSError:  # the program hung up
                    self.close_connection = True

            def log_message(self, *args):
                pass

        server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        server.daemon_threads = True
        thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
        thread.start()
        test.addCleanup(thread.join)
        test.addCleanup(server.server_close)
        test.addCleanup(server.shutdown)
        self.url = f"http://127.0.0.1:{server.server_address[1]}/v1"


COMMANDS = """
agents:
  answer: {kind: command, argv: [sh, -c, "echo 42"]}
  say: {kind: command, argv: [echo, "the answer is ${tasks.first.output}"]}
tasks:
  - {id: first, agent: answer, description: Compute, depends_on: []}
  - {id: second, agent: say, description: Say, depends_on: [first]}
"""

ONE_QUESTION = """
agents: {a: {kind: llm, model: of-the-plan, stream: false}}
tasks: [{id: ask, agent: a, description: Say something, depends_on: []}]
"""
