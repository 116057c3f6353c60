#include "core/longest_durations.hpp"

#include <algorithm>
#include <catch2/catch_test_macros.hpp>
#include <functional>
#include <random>
#include <vector>

using namespace corchestra;
using detail::longest_durations;

namespace {

void check_against_all(longest_durations& kept, std::vector<duration> all) {
  std::sort(all.begin(), all.end(), std::greater<>());
  all.resize(std::min(all.size(), longest_durations::most));
  const auto longest = kept.sorted();
  REQUIRE(longest.size() == all.size());
  CHECK(std::equal(longest.begin(), longest.end(), all.begin()));
}

}  // namespace

TEST_CASE("of few durations all are kept, longest first") {
  longest_durations kept;
  CHECK(kept.sorted().empty());
  kept.add(duration(2), 1);
  kept.add(duration(0), 1);
  kept.add(duration(5), 2);
  check_against_all(kept, {duration(5), duration(5), duration(2), duration(0)});
  kept.add(duration(3), 1);
  check_against_all(kept, {duration(5), duration(5), duration(3), duration(2), duration(0)});
}

TEST_CASE("of many durations the longest are kept, however they come, and whenever one looks") {
  std::mt19937 random(7);
  const auto number = [&](std::size_t below) { return static_cast<std::size_t>(random()) % below; };
  for (const std::size_t different : {std::size_t{3}, std::size_t{1'000'000'000}}) {
    for (const int step : {-1, 0, 1}) {  // falling, as they come, rising
      std::vector<duration> all(5 * longest_durations::most);
      for (auto& d : all) d = duration(static_cast<std::int64_t>(number(different)));
      if (step < 0) std::sort(all.begin(), all.end(), std::greater<>());
      if (step > 0) std::sort(all.begin(), all.end());
      longest_durations kept;
      for (std::size_t i = 0; i < all.size(); ++i) {
        kept.add(all[i], 1);
        if (number(60'000) == 0) check_against_all(kept, {all.begin(), all.begin() + static_cast<std::ptrdiff_t>(i) + 1});
      }
      check_against_all(kept, std::move(all));
    }
  }
}

TEST_CASE("a duration counts as often as is said, up to what is kept") {
  longest_durations kept;
  kept.add(duration(1), 10 * longest_durations::most);
  kept.add(duration(2), 3);
  const auto longest = kept.sorted();
  REQUIRE(longest.size() == longest_durations::most);
  CHECK(std::count(longest.begin(), longest.end(), duration(2)) == 3);
}
