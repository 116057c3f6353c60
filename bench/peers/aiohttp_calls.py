#!/usr/bin/env python3
"""The calls of scripts/bench llm with aiohttp: so many at a time over one session, JSON made and read for each.

usage: aiohttp_calls.py BASE_URL CONNECTIONS CALLS   (BENCH_REQUEST, BENCH_ANSWER, BENCH_KEY in the environment)
"""

import asyncio
import json
import os
import sys
import time

import aiohttp

BASE, CONNECTIONS, CALLS = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
REQUEST, ANSWER = json.loads(os.environ["BENCH_REQUEST"]), os.environ["BENCH_ANSWER"]


async def worker(session, left):
    for _ in left:
        async with session.post(BASE + "/chat/completions", json=REQUEST) as reply:
            answer = await reply.json()
            assert answer["choices"][0]["message"]["content"] == ANSWER


async def run(session, calls):
    left = iter(range(calls))
    await asyncio.gather(*(worker(session, left) for _ in range(CONNECTIONS)))


async def main():
    headers = {"Authorization": "Bearer " + os.environ["BENCH_KEY"]}
    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=CONNECTIONS), headers=headers) as session:
        await run(session, 200)
        begin = time.perf_counter()
        await run(session, CALLS)
        print(CALLS / (time.perf_counter() - begin))


asyncio.run(main())
