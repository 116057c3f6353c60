#include "core/budget_lines.hpp"

#include <rapidcheck.h>
#include <catch2/catch_test_macros.hpp>
#include <random>
#include <vector>

using namespace corchestra;
using corchestra::detail::budget_lines;

namespace {

/// What is left, and what there is in all: of tokens and of money.
struct room {
  budget_amount left, limit;
  bool now(const budget_amount& a) const { return a.tokens <= left.tokens && a.micro_dollars <= left.micro_dollars; }
  bool ever(const budget_amount& a) const { return a.tokens <= limit.tokens && a.micro_dollars <= limit.micro_dollars; }
  bool later(const budget_amount& a) const { return ever(a) && !now(a); }
};

}  // namespace

TEST_CASE("a line whose least and greatest reserves must wait is passed over with two questions, however long it is") {
  budget_lines lines;
  const room blocked{{5, 5}, {1'000'000, 1'000'000}}, free{{900, 900}, {1'000'000, 1'000'000}};
  for (task_index t = 0; t < 10'000; ++t) lines.add({0, no_task}, {t, 20, {10 + t % 7919, 10}});
  lines.add({1, no_task}, {10'000, 10, {800, 0}});
  std::size_t asked = 0;
  const auto first = lines.first_served([&](task_index t, const budget_amount& a) {
    ++asked;
    return (t < 10'000 ? blocked : free).later(a);
  });
  CHECK(first == 10'000);
  CHECK(asked <= 5);
}

TEST_CASE("of those whose turn it is by their budgets the first is found, as if all were asked in order") {
  REQUIRE(rc::check("against asking all", [] {
    std::mt19937_64 random(*rc::gen::arbitrary<std::uint64_t>());
    const auto pick = [&](std::uint64_t n) { return static_cast<std::int64_t>(random() % n); };
    struct member {
      budget_lines::counted_by by;
      budget_lines::entry e;
    };
    std::vector<member> members;
    budget_lines lines;
    for (task_index t = 0; t < 40; ++t) {
      members.push_back({{static_cast<std::uint32_t>(pick(2)), static_cast<task_index>(pick(2))}, {t, pick(4), {pick(20), pick(20)}}});
      lines.add(members.back().by, members.back().e);
    }
    for (int step = 0; step < 40; ++step) {
      room rooms[2][2];
      for (auto& of_agent : rooms) {
        for (room& r : of_agent) r = {{pick(22), pick(22)}, {pick(22), pick(22)}};
      }
      const auto later = [&](const member& m) { return rooms[m.by.first][m.by.second].later(m.e.reserve); };
      const member* first = nullptr;
      for (const member& m : members) {
        if (!later(m) && (first == nullptr || first->e.priority < m.e.priority)) first = &m;
      }
      const auto found = lines.first_served([&](task_index t, const budget_amount& a) {
        const auto m = std::find_if(members.begin(), members.end(), [&](const member& x) { return x.e.task == t; });
        return rooms[m->by.first][m->by.second].later(a);
      });
      RC_ASSERT(found == (first == nullptr ? no_task : first->e.task));
      const auto odd = std::find_if(members.begin(), members.end(), [](const member& m) { return m.e.task % 2 == 1; });
      const auto is_odd = [](task_index t) { return t % 2 == 1; };
      RC_ASSERT((lines.first_of(is_odd) == no_task) == (odd == members.end()));
      const auto leaves = members.begin() + pick(members.size());
      lines.remove(leaves->by, leaves->e);
      members.erase(leaves);
      RC_ASSERT(lines.empty() == members.empty());
    }
  }));
}
