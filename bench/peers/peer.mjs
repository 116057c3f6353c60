// What the peers in JavaScript share: rounds, the median, the line of JSON.

export function check(ok, what) {
  if (ok) return;
  console.error(`wrong result: ${what}`);
  process.exit(1);
}

function processorTime() {
  const { user, system } = process.cpuUsage();
  return user + system;
}

// Prints the median of the rounds of `round`, which does `count` pieces of work: microseconds of the processor a piece.
export async function measure(name, unit, count, round) {
  const given = process.argv.indexOf("--rounds");
  const rounds = given < 0 ? 9 : Number(process.argv[given + 1]);
  const times = [];
  for (let i = 0; i < rounds; ++i) {
    const begin = processorTime();
    await round();
    times.push((processorTime() - begin) / count);
  }
  times.sort((a, b) => a - b);
  const ours = Number(times[Math.floor(rounds / 2)].toPrecision(6));
  const nothing = { beside: null, ratio: null, better: "lower", least: null, aim: null };
  console.log(JSON.stringify({ name, unit, ours, ...nothing }));
}
