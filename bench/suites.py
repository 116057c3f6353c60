"""What scripts/bench can measure: the rows of each suite, and what stands beside them."""

import dataclasses
import pathlib

ROOT = pathlib.Path(__file__).resolve().parent.parent


@dataclasses.dataclass(frozen=True)
class Suite:
    """A row is printed by the program `prefix` + its name, or by that of another row (`second_rows`)."""
    name: str
    rows: tuple
    beside: dict  # what a row is compared with, in words
    prefix: str
    baseline: pathlib.Path
    peer_rows: tuple = ()
    second_rows: dict = dataclasses.field(default_factory=dict)

    def program_row(self, name):
        """The row whose program prints this one."""
        return self.second_rows.get(name, name)


ENGINE = Suite(
    name="engine",
    rows=("tasks", "dag", "chain", "fanout", "memory", "locks", "plan_file", "cpu", "cancel"),
    peer_rows=("peer_asyncio", "peer_p_limit", "peer_langgraph", "peer_taskflow"),
    second_rows={"tasks_planned": "tasks", "tasks_events": "tasks", "tasks_recorded": "tasks", "tasks_whole": "tasks",
                 "chain_planned": "chain", "fanout_planned": "fanout", "cancel_throwing": "cancel"},
    beside={"tasks": "bare Asio loop", "tasks_planned": "bare Asio loop", "tasks_events": "bare Asio loop",
            "tasks_recorded": "a recording loop", "tasks_whole": "bare Asio loop",
            "dag": "oneTBB flow graph", "chain": "bare loop, a task", "chain_planned": "bare loop, a task", "fanout": "bare loop, a task", "fanout_planned": "bare loop, a task",
            "locks": "unordered_map", "plan_file": "yaml-cpp alone", "cpu": "two bare threads",
            "cancel": "bare timers", "cancel_throwing": "bare timers"},
    prefix="bench_",
    baseline=ROOT / "bench/baseline.json")

LLM = Suite(
    name="llm",
    rows=("calls_wrk", "calls_beast", "calls_aiohttp", "calls_openai", "batch", "batch_memory", "streams",
          "sse", "cancel"),
    beside={"calls_wrk": "wrk", "calls_beast": "bare Beast loop", "calls_aiohttp": "aiohttp",
            "calls_openai": "OpenAI SDK, p-limit", "batch": "the client alone", "streams": "bare sockets, 4 KB",
            "sse": "memcpy", "cancel": "bare sockets"},
    prefix="bench_llm_",
    baseline=ROOT / "bench/llm_baseline.json")

SUITES = {suite.name: suite for suite in (ENGINE, LLM)}
