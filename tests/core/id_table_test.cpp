#include "core/id_table.hpp"

#include <rapidcheck.h>
#include <catch2/catch_test_macros.hpp>
#include <map>
#include <random>
#include <string>

using namespace corchestra::detail;

TEST_CASE("ids of every length are found by their numbers, others are not, and none comes twice") {
  REQUIRE(rc::check("against a map", [] {
    std::mt19937_64 random(*rc::gen::arbitrary<std::uint64_t>());
    const auto any_id = [&random] {
      std::string id(random() % 20, 'a');
      for (char& c : id) c = static_cast<char>('a' + random() % 2);
      return id;
    };
    std::vector<std::string> ids;
    std::map<std::string, std::uint32_t> model;
    const auto id_of = [&ids](std::uint32_t n) -> std::string_view { return ids[n]; };
    const std::size_t bound = random() % 200;
    id_table table;
    RC_ASSERT(table.candidate(id_table::hash("x")) == id_table::none);
    table.reset(bound);
    while (ids.size() < bound) {
      ids.push_back(any_id());
      const auto n = static_cast<std::uint32_t>(ids.size() - 1);
      const bool fresh = model.emplace(ids.back(), n).second;
      RC_ASSERT(table.insert(n, id_table::hash(ids.back()), id_of) == fresh);
      if (!fresh) ids.back() = "?" + std::to_string(n);
      if (!fresh) RC_ASSERT(table.insert(n, id_table::hash(ids.back()), id_of));
      if (!fresh) model.emplace(ids.back(), n);
    }
    for (int i = 0; i < 300; ++i) {
      const auto id = any_id();
      const auto known = model.find(id);
      RC_ASSERT(table.find(id, id_table::hash(id), id_of) == (known == model.end() ? id_table::none : known->second));
    }
    for (const auto& [id, n] : model) RC_ASSERT(table.find(id, id_table::hash(id), id_of) == n);
  }));
}
