#!/usr/bin/env python3
"""The work of the row `tasks` in Python: coroutines that suspend once, 64 at a time under a semaphore, gathered.

usage: asyncio_peer.py [--rounds N]
"""

import asyncio
import json
import statistics
import sys
import time

COUNT = 10_000
WIDTH = 64


async def tasks():
    slots = asyncio.Semaphore(WIDTH)

    async def one(number):
        async with slots:
            await asyncio.sleep(0)
            return number

    return await asyncio.gather(*(one(i) for i in range(COUNT)))


def microseconds():
    begin = time.process_time()
    results = asyncio.run(tasks())
    took = time.process_time() - begin
    assert results == list(range(COUNT)), "asyncio lost a task"
    return took / COUNT * 1e6


rounds = int(sys.argv[sys.argv.index("--rounds") + 1]) if "--rounds" in sys.argv else 9
print(json.dumps({"name": "peer_asyncio", "unit": "us/task",
                  "ours": round(statistics.median(microseconds() for _ in range(rounds)), 3), "beside": None,
                  "ratio": None, "better": "lower", "least": None, "aim": None}))
