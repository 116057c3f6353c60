// The same calls as in calls_wrk beside a Python script on aiohttp.
#include <cstdlib>

#include "llm/calls_peer.hpp"
#include "llm/two_cores.hpp"

int main(int argc, char** argv) {
  if (std::system("/usr/bin/python3 -c 'import aiohttp' 2>/dev/null") != 0)
    corchestra::bench::skip("aiohttp is not installed: scripts/setup --bench");
  const corchestra::bench::row row{
      .name = "calls_aiohttp", .unit = "calls/s", .least = 10, .aim = 20, .lower_is_better = false};
  return corchestra::bench::measure_beside(argc, argv, row, {"/usr/bin/python3", "-B", BENCH_PEERS "/aiohttp_calls.py"},
                                           4'000);
}
