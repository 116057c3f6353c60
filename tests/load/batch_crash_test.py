#!/usr/bin/env python3
"""A batch killed with SIGKILL at many moments, and now and then robbed of the end of its last line: every request is
answered exactly once, and none is sent again whose answer had been recorded.

usage: batch_crash_test.py PROGRAM [LINES] [KILLS] [--ordered]

The server counts the requests for each id. The moment of a kill is a number of requests that the server has got since
the last one, not a time; the kills spread over the whole batch.
"""
import asyncio
import json
import os
import pathlib
import random
import signal
import sys
import tempfile

CONCURRENCY = 64
TORN_EVERY = 7  # kills; each takes a line at most, which is sent once more


class Server:
    """Answers what it is asked with the id that the request has, over connections that stay open."""

    def __init__(self):
        self.sent = {}
        self.requests = 0
        self.wake_at, self.wake = None, asyncio.Event()

    async def start(self):
        self.server = await asyncio.start_server(self.connection, "127.0.0.1", 0, backlog=1024)
        return f"http://127.0.0.1:{self.server.sockets[0].getsockname()[1]}/v1"

    def when_asked(self, more):
        """An event for when so many further requests have come."""
        self.wake = asyncio.Event()
        self.wake_at = self.requests + more
        return self.wake

    async def connection(self, reader, writer):
        try:
            while True:
                head = await reader.readuntil(b"\r\n\r\n")
                size = int(head.lower().partition(b"content-length:")[2].split(b"\r\n", 1)[0])
                body = await reader.readexactly(size)
                name = body.partition(b"id=")[2].partition(b"=")[0].decode()
                self.sent[name] = self.sent.get(name, 0) + 1
                self.requests += 1
                if self.wake_at is not None and self.requests >= self.wake_at:
                    self.wake_at = None
                    self.wake.set()
                reply = (b'{"id":"x","model":"m","choices":[{"index":0,"message":{"role":"assistant","content":"%s"},'
                         b'"finish_reason":"stop"}],"usage":{"prompt_tokens":3,"completion_tokens":2}}' % name.encode())
                writer.write(b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%s"
                             % (len(reply), reply))
                await writer.drain()
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            writer.close()


def whole_lines(path):
    """Without a torn one at the end."""
    if not path.exists():
        return []
    return path.read_bytes().split(b"\n")[:-1]


def recorded(folder):
    """Ids with a whole line in some file of results."""
    ids = set()
    for name in ("out.jsonl", "out.errors.jsonl", "out.ahead.jsonl"):
        for line in whole_lines(folder / name):
            ids.add(line.partition(b'"custom_id":"')[2].partition(b'"')[0].decode())
    return ids


def tear(path, rng):
    """Cuts the file inside its last line; whether it had one."""
    lines = whole_lines(path)
    if not lines:
        return False
    size = path.stat().st_size
    os.truncate(path, size - rng.randint(1, len(lines[-1])))
    return True


async def crash(program, lines, kills, ordered):
    rng = random.Random(lines)
    environment = {k: v for k, v in os.environ.items() if not k.startswith(("CORCHESTRA_", "OPENAI_"))}
    server = Server()
    url = await server.start()
    with tempfile.TemporaryDirectory(prefix="corchestra-crash-") as name:
        folder = pathlib.Path(name)
        with open(folder / "in.jsonl", "w") as f:
            for i in range(lines):
                body = {"model": "m", "messages": [{"role": "user", "content": f"id=r{i}="}]}
                f.write(json.dumps({"custom_id": f"r{i}", "method": "POST", "url": "/v1/chat/completions", "body": body}) + "\n")
        output = folder / "out.jsonl"
        command = [program, "batch", str(folder / "in.jsonl"), "-o", str(output), "--base-url", url, "--quiet",
                   "--concurrency", str(CONCURRENCY), *(["--ordered"] if ordered else [])]

        async def start():
            return await asyncio.create_subprocess_exec(
                *command, env=environment, stdin=asyncio.subprocess.DEVNULL, stdout=asyncio.subprocess.PIPE,
                stderr=asyncio.subprocess.STDOUT)

        torn = 0
        before = {}
        for kill in range(kills):
            left = lines - len(recorded(folder))
            share = max(2 * left // (kills - kill + 1), 2)
            asked = server.when_asked(rng.randint(1, share))
            process = await start()
            ended = asyncio.ensure_future(process.wait())
            waiting = asyncio.ensure_future(asked.wait())
            await asyncio.wait({ended, waiting}, return_when=asyncio.FIRST_COMPLETED)
            assert not ended.done(), (await process.stdout.read()).decode()
            process.send_signal(signal.SIGKILL)
            await ended
            waiting.cancel()
            again = {k for k in before if server.sent.get(k, 0) > before[k]}
            assert not again, f"kill {kill}: recorded, and sent again: {sorted(again)[:5]}"
            if kill % TORN_EVERY == TORN_EVERY - 1 and tear(output, rng):
                torn += 1
            before = {k: server.sent[k] for k in recorded(folder)}

        process = await start()
        text, _ = await process.communicate()
        assert process.returncode == 0, text.decode()
        again = {k for k in before if server.sent[k] > before[k]}
        assert not again, f"the last run sent again what was recorded: {sorted(again)[:5]}"

        answers = [json.loads(line) for line in whole_lines(output)]
        assert output.read_bytes().endswith(b"\n")
        assert (folder / "out.errors.jsonl").stat().st_size == 0
        assert len(answers) == lines, f"{len(answers)} answers of {lines}"
        assert len({a["custom_id"] for a in answers}) == lines, "an id was answered twice"
        for a in answers:
            assert a["error"] is None
            assert a["response"]["body"]["choices"][0]["message"]["content"] == a["custom_id"]
        if ordered:
            assert [a["custom_id"] for a in answers] == [f"r{i}" for i in range(lines)], "not in the input's order"
        repeated = server.requests - lines
        assert repeated <= kills * CONCURRENCY + torn, f"{repeated} repeated, {kills} kills"
        print(f"{lines} lines, {kills} kills, {torn} torn: each answered once; {repeated} calls sent again, "
              f"{repeated / max(kills, 1):.1f} a kill of {CONCURRENCY} in flight")


def main():
    words = [a for a in sys.argv[2:] if not a.startswith("--")]
    asyncio.run(crash(sys.argv[1], int(words[0]) if words else 20_000, int(words[1]) if len(words) > 1 else 100,
                      "--ordered" in sys.argv))


main()
