#include "core/upward_rank.hpp"

#include <rapidcheck.h>
#include <algorithm>
#include <catch2/catch_test_macros.hpp>
#include <numeric>
#include <random>

using namespace corchestra;
using namespace corchestra::detail;

namespace {

using lists = std::vector<std::vector<std::uint32_t>>;

std::vector<double> ranks_of(const lists& dependants, const std::vector<double>& weights) {
  std::vector<double> ranks(weights.size(), -1);
  upward_ranks(
      std::span(ranks), [&](std::uint32_t t) -> const auto& { return dependants[t]; },
      [&](std::uint32_t t) { return weights[t]; });
  return ranks;
}

}  // namespace

TEST_CASE("both ways give each task its weight and the greatest rank of its dependants, in any listing") {
  REQUIRE(rc::check("upward rank", [] {
    std::mt19937_64 random(*rc::gen::arbitrary<std::uint64_t>());
    const auto n = *rc::gen::inRange<std::uint32_t>(0, 60);
    std::vector<std::uint32_t> order(n);
    std::iota(order.begin(), order.end(), 0u);
    if (random() % 2 == 0) std::shuffle(order.begin(), order.end(), random);
    lists needs(n), dependants(n);
    std::vector<double> weights(n);
    for (std::uint32_t k = 0; k < n; ++k) {
      weights[k] = static_cast<double>(random() % 8);
      for (auto e = random() % 4; e > 0 && k > 0; --e) {
        const auto from = order[random() % k];
        needs[order[k]].push_back(from);
        dependants[from].push_back(order[k]);
      }
    }
    const auto ranks = ranks_of(dependants, weights);
    for (std::uint32_t t = 0; t < n; ++t) {
      double most = 0;
      for (const auto d : dependants[t]) most = std::max(most, ranks[d]);
      RC_ASSERT(ranks[t] == weights[t] + most);
    }
    std::vector<double> by_needs(n, -1);
    upward_ranks_in_order(
        std::span(by_needs), [&](std::size_t k) { return order[k]; },
        [&](std::uint32_t t) -> const auto& { return needs[t]; }, [&](std::uint32_t t) { return weights[t]; });
    RC_ASSERT(by_needs == ranks);
  }));
}

TEST_CASE("a chain of a million tasks needs no recursion, listed forwards or backwards") {
  constexpr std::uint32_t n = 1'000'000;
  lists forwards(n), backwards(n);
  for (std::uint32_t t = 1; t < n; ++t) {
    forwards[t - 1] = {t};
    backwards[t] = {t - 1};
  }
  const std::vector<double> weights(n, 1);
  CHECK(ranks_of(forwards, weights).front() == n);
  CHECK(ranks_of(backwards, weights).back() == n);
}

TEST_CASE("tasks in a cycle have rank zero, and the rest is right") {
  CHECK(ranks_of({{1}, {0}, {3}, {}}, {1, 1, 1, 1}) == std::vector<double>{0, 0, 2, 1});
}
