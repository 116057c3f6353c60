#include "core/index_set.hpp"

#include <rapidcheck.h>
#include <catch2/catch_test_macros.hpp>
#include <random>
#include <set>

using corchestra::detail::index_set;

TEST_CASE("the least number comes out first, whatever the bound") {
  REQUIRE(rc::check("against std::set", [] {
    std::mt19937_64 random(*rc::gen::arbitrary<std::uint64_t>());
    const std::uint32_t bounds[] = {0, 1, 64, 65, 4096, 4097, 300'000};
    const std::uint32_t bound = bounds[random() % std::size(bounds)];
    index_set set(bound);
    std::set<std::uint32_t> model;
    for (int i = 0; i < 500 && bound > 0; ++i) {
      if (random() % 2 == 0) {
        const auto n = static_cast<std::uint32_t>(random() % bound);
        set.insert(n);
        model.insert(n);
      } else if (!model.empty()) {
        RC_ASSERT(set.pop() == *model.begin());
        model.erase(model.begin());
      }
      RC_ASSERT(set.empty() == model.empty());
    }
    RC_ASSERT(bound > 0 || set.empty());
  }));
}
