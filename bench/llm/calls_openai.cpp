// The same calls as in calls_wrk beside the OpenAI SDK for JavaScript with p-limit.
#include <filesystem>

#include "llm/calls_peer.hpp"
#include "llm/child.hpp"
#include "llm/two_cores.hpp"

int main(int argc, char** argv) {
  if (!corchestra::bench::installed("node")) corchestra::bench::skip("node is not installed");
  if (!std::filesystem::exists(BENCH_PEERS "/node_modules/openai"))
    corchestra::bench::skip("not installed: scripts/bench llm --peers");
  const corchestra::bench::row row{
      .name = "calls_openai", .unit = "calls/s", .least = 25, .aim = 50, .lower_is_better = false};
  return corchestra::bench::measure_beside(argc, argv, row, {"node", "--no-warnings", BENCH_PEERS "/openai_calls.mjs"},
                                           2'000);
}
