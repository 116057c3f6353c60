// The calls of scripts/bench llm with the OpenAI SDK and p-limit, so many at a time.
// usage: openai_calls.mjs BASE_URL CONNECTIONS CALLS   (BENCH_REQUEST, BENCH_ANSWER, BENCH_KEY in the environment)
import OpenAI from "openai";
import pLimit from "p-limit";
import { check } from "./peer.mjs";

const [baseURL, connections, calls] = [process.argv[2], Number(process.argv[3]), Number(process.argv[4])];
const client = new OpenAI({ baseURL, apiKey: process.env.BENCH_KEY });
const request = JSON.parse(process.env.BENCH_REQUEST);

async function run(count) {
  const limit = pLimit(connections);
  await Promise.all(Array.from({ length: count }, () => limit(async () => {
    const reply = await client.chat.completions.create(request);
    check(reply.choices[0].message.content === process.env.BENCH_ANSWER, "a wrong answer");
  })));
}

await run(200);
const begin = performance.now();
await run(calls);
console.log(calls / ((performance.now() - begin) / 1000));
