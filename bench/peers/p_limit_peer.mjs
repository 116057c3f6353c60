// The work of the row `tasks` with p-limit: functions that suspend once, 64 at a time.
import pLimit from "p-limit";
import { check, measure } from "./peer.mjs";

const count = 100_000;

await measure("peer_p_limit", "us/task", count, async () => {
  const limit = pLimit(64);
  const tasks = [];
  for (let i = 0; i < count; ++i) {
    tasks.push(limit(async () => {
      await null;
      return i;
    }));
  }
  const results = await Promise.all(tasks);
  check(results.length === count && results.every((value, i) => value === i), "p-limit lost a task");
});
