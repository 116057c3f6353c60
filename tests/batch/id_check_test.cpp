#include "batch/id_check.hpp"

#include <rapidcheck.h>

#include <catch2/catch_test_macros.hpp>
#include <map>
#include <string>

using namespace corchestra;
using corchestra::batch::id_check;

TEST_CASE("the lines of every id that occurs twice are suspect, and of no other") {
  REQUIRE(rc::check("ids", [] {
    const auto ids = *rc::gen::container<std::vector<int>>(rc::gen::inRange(0, 60));
    id_check check(static_cast<std::size_t>(*rc::gen::inRange(1, 20)));
    std::map<int, std::set<std::uint64_t>> lines;
    for (std::size_t i = 0; i < ids.size(); ++i) {
      lines[ids[i]].insert(i + 1);
      RC_ASSERT(check.add("request-" + std::to_string(ids[i]), i + 1).has_value());
    }
    std::set<std::uint64_t> twice;
    for (auto& [id, at] : lines)
      if (at.size() > 1) twice.merge(at);
    RC_ASSERT(check.suspects().value() == twice);
  }));
}

TEST_CASE("of very many that occur twice the first are suspect") {
  constexpr std::uint64_t count = 5000;
  id_check check(256);
  for (std::uint64_t line = 1; line <= 2 * count; ++line) REQUIRE(check.add(std::to_string(line % count), line));
  const auto suspects = check.suspects();
  REQUIRE(suspects);
  CHECK(suspects->size() == 2000);
  CHECK(suspects->contains(1));
  CHECK(suspects->contains(count + 1));
}
