#include "batch/selection.hpp"

#include <rapidcheck.h>

#include <algorithm>
#include <vector>

using namespace corchestra::batch;

namespace {

std::vector<std::uint64_t> chosen(std::uint64_t requests, std::optional<std::uint64_t> limit,
                                  std::optional<std::uint64_t> sample, std::uint64_t seed = 0) {
  selection s(requests, limit, sample, seed);
  std::vector<std::uint64_t> out;
  for (std::uint64_t i = 0; i < requests; ++i)
    if (s.wants_next()) out.push_back(i);
  return out;
}

using indexes = std::vector<std::uint64_t>;

}  // namespace

TEST_CASE("without a limit all requests are wanted") {
  CHECK(chosen(3, {}, {}) == indexes{0, 1, 2});
  CHECK(chosen(0, {}, {}).empty());
}

TEST_CASE("a limit wants the first ones, and those that there are") {
  CHECK(chosen(5, 2, {}) == indexes{0, 1});
  CHECK(chosen(2, 9, {}) == indexes{0, 1});
}

TEST_CASE("a sample has the size that was asked for, lies below the limit, and its seed decides it") {
  REQUIRE(rc::check("samples", [] {
    const auto requests = *rc::gen::inRange<std::uint64_t>(0, 300);
    const auto limit = *rc::gen::inRange<std::uint64_t>(1, 300);
    const auto sample = *rc::gen::inRange<std::uint64_t>(1, 300);
    const auto seed = *rc::gen::arbitrary<std::uint64_t>();
    const auto a = chosen(requests, limit, sample, seed);
    RC_ASSERT(a.size() == std::min({requests, limit, sample}));
    for (const auto i : a) RC_ASSERT(i < limit);
    RC_ASSERT(a == chosen(requests, limit, sample, seed));
  }));
  CHECK(chosen(1000, {}, 10, 1) != chosen(1000, {}, 10, 2));
}

TEST_CASE("every request is as likely as another to be in a sample") {
  std::vector<int> times(10);
  for (std::uint64_t seed = 0; seed < 2000; ++seed)
    for (const auto i : chosen(10, {}, 3, seed)) ++times[i];
  for (const int n : times) CHECK((n > 500 && n < 700));
}
