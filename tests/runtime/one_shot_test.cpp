#include "runtime/one_shot.hpp"

#include <array>
#include <catch2/catch_test_macros.hpp>
#include <memory>
#include <optional>
#include <utility>

using namespace corchestra;
using function = detail::one_shot;

namespace {

/// A function that counts its calls, in so many bytes besides; `alive` tells how many copies of it there are.
template <std::size_t size>
function counting(int& calls, const std::shared_ptr<int>& alive) {
  if constexpr (size == 0) {
    // A pointer's size: what it points to owns the rest.
    struct rest {
      int& calls;
      std::shared_ptr<int> alive;
    };
    return [own = std::make_unique<rest>(rest{calls, alive})] { ++own->calls; };
  } else {
    return [&calls, alive, more = std::array<char, size>()] { calls += 1 + more[0]; };
  }
}

template <std::size_t size>
void check_life() {
  const auto alive = std::make_shared<int>();
  int calls = 0;
  {
    function f = counting<size>(calls, alive);
    function moved(std::move(f));
    CHECK(alive.use_count() == 2);
    moved();
    CHECK(calls == 1);
    CHECK(alive.use_count() == 1);
  }
  { const function unused = counting<size>(calls, alive); }
  CHECK(alive.use_count() == 1);
  CHECK(calls == 1);
}

}  // namespace

TEST_CASE("a function that is called once is destroyed once, called or not, wherever it was moved to") {
  check_life<0>();
  check_life<64>();
}

TEST_CASE("a function that is called once has left its place when it runs: what it calls may destroy it") {
  for (const bool large : {false, true}) {
    int calls = 0;
    std::optional<function> place;
    const auto step = [&] {
      place.reset();
      ++calls;
    };
    if (large) {
      place.emplace([step, more = std::array<char, 64>()] { step(), (void)more; });
    } else {
      place.emplace([&step] { step(); });
    }
    (*place)();
    CHECK(calls == 1);
    CHECK_FALSE(place);
  }
}
