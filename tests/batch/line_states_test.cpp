#include "batch/line_states.hpp"

#include <rapidcheck.h>

#include <algorithm>
#include <vector>

using namespace corchestra::batch;

namespace {
constexpr line_state all[] = {line_state::pending, line_state::done, line_state::failed};
line_state any_state() { return all[*rc::gen::inRange(0, 3)]; }
}  // namespace

TEST_CASE("states are what a vector of them would be, and so are their counts and chunks") {
  REQUIRE(rc::check("line states", [] {
    const auto size = *rc::gen::inRange<std::uint64_t>(1, 3 * line_states::chunk_lines);
    std::vector<line_state> model(size, line_state::pending);
    line_states states(size);
    for (int step = *rc::gen::inRange(0, 60); step > 0; --step) {
      if (*rc::gen::inRange(0, 10) == 0) {
        const line_state from = any_state(), to = any_state();
        std::replace(model.begin(), model.end(), from, to);
        states.replace(from, to);
      } else {
        const auto i = *rc::gen::inRange<std::uint64_t>(0, size);
        const line_state s = any_state();
        model[i] = s;
        states.set(i, s);
      }
    }
    line_states copy(size);
    for (const auto number : states.take_changed()) RC_ASSERT(copy.load_chunk(number, states.chunk(number)));
    RC_ASSERT(states.take_changed().empty());
    RC_ASSERT(copy.take_changed().empty());
    for (std::uint64_t i = 0; i < size; ++i) {
      RC_ASSERT(states.at(i) == model[i]);
      RC_ASSERT(copy.at(i) == model[i]);
    }
    for (const line_state s : all) {
      RC_ASSERT(states.count(s) == static_cast<std::uint64_t>(std::count(model.begin(), model.end(), s)));
      RC_ASSERT(copy.count(s) == states.count(s));
    }
  }));
}

TEST_CASE("only chunks that were changed are told of") {
  line_states states(3 * line_states::chunk_lines);
  states.set(5, line_state::pending);
  CHECK(states.take_changed().empty());
  states.set(2 * line_states::chunk_lines, line_state::done);
  CHECK(states.take_changed() == std::set<std::uint64_t>{2});
}

TEST_CASE("a chunk that does not fit or holds an unknown state is refused") {
  line_states states(10);
  CHECK_FALSE(states.load_chunk(1, ""));
  CHECK_FALSE(states.load_chunk(0, "12"));
  CHECK_FALSE(states.load_chunk(0, std::string_view("\xFF\0\0", 3)));
  CHECK(states.load_chunk(0, std::string_view("\x01\0\0", 3)));
  CHECK(states.at(0) == line_state::done);
}

TEST_CASE("a batch without lines has no states") {
  const line_states none;
  CHECK(none.size() == 0);
  CHECK(none.count(line_state::pending) == 0);
}
