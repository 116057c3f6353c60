#!/usr/bin/env python3
"""2,000 LLM tasks in flight at once against the simulated model in another process.

usage: many_calls_test.py PROGRAM [CALLS]

The server answers nothing before it has seen that many calls at the same time, so the number is exact, not a matter of
speed; its own count of concurrent calls is asserted.
"""
import json
import os
import pathlib
import resource
import subprocess
import sys
import tempfile
import urllib.request


def main():
    program, calls = sys.argv[1], int(sys.argv[2]) if len(sys.argv) > 2 else 2000
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    if hard != resource.RLIM_INFINITY and hard < calls + 100:
        sys.exit(f"this test needs {calls + 100} open files a process, and the hard limit is {hard}")
    environment = {k: v for k, v in os.environ.items() if not k.startswith(("CORCHESTRA_", "OPENAI_"))}
    with tempfile.TemporaryDirectory() as folder:
        folder = pathlib.Path(folder)
        plan = {
            "name": "many calls",
            "limits": {"max_concurrent_tasks": calls},
            "agents": {"asker": {"kind": "llm", "model": "any", "max_tokens": 8}},
            "tasks": [
                {"id": f"call-{i}", "agent": "asker", "description": f"Say the number {i}", "depends_on": []}
                for i in range(calls)
            ],
        }
        (folder / "plan.json").write_text(json.dumps(plan))
        server = subprocess.Popen(
            [program, "simulate", "--port", "0", "--speed", "100", "--hold-until", str(calls)],
            stdout=subprocess.PIPE, text=True, env=environment)
        try:
            url = server.stdout.readline().split()[-1]
            ran = subprocess.run(
                [program, "run", "plan.json", "--base-url", url, "--output", "out", "--json"],
                cwd=folder, env=environment, capture_output=True, text=True)
            assert ran.returncode == 0, f"exit code {ran.returncode}: {ran.stderr[-2000:]}"
            summary = json.loads(ran.stdout)
            with urllib.request.urlopen(url.removesuffix("/v1") + "/simulator/stats") as reply:
                stats = json.load(reply)
        finally:
            server.terminate()
            server.wait()
        assert summary["state"] == "COMPLETED", summary
        assert summary["simulated"] is True, "the replies named themselves simulated"
        assert summary["counts"]["COMPLETED"] == calls, summary["counts"]
        assert summary["peak_width"] == calls, summary["peak_width"]
        assert stats["peak_concurrent"] == calls, stats
        assert stats["calls"] == calls, stats
        print(f"{calls} calls at once, {summary['wall_seconds']:.2f} s, server saw {stats['peak_concurrent']} concurrent")


main()
