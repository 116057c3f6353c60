// Whole random runs by seed; CORCHESTRA_RANDOM_RUNS=N plays so many instead, CORCHESTRA_RANDOM_SEED=N begins there.
#include <catch2/catch_test_macros.hpp>

#include <cstdlib>

#include "runtime/random_run.hpp"

namespace {

std::uint64_t from_environment(const char* name, std::uint64_t standard) {
  const char* text = std::getenv(name);
  return text != nullptr ? std::strtoull(text, nullptr, 10) : standard;
}

}  // namespace

TEST_CASE("[I1][I2][I6] whatever bodies do, and whatever is done to a run, it ends and keeps its promises") {
  const auto first = from_environment("CORCHESTRA_RANDOM_SEED", 1), runs = from_environment("CORCHESTRA_RANDOM_RUNS", 500);
  std::uint64_t played = 0;
  for (std::uint64_t seed = first; seed < first + runs; ++seed) {
    try {
      played += corchestra::tests::random_run(seed).play() ? 1 : 0;
    } catch (const std::exception& e) {
      FAIL("CORCHESTRA_RANDOM_SEED=" << seed << ": " << e.what());
    }
  }
  CHECK(played > runs / 2);
}
