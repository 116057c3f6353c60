// Taking and giving back two free locks, beside the least that any table of locks does: putting two keys into a hash
// map and removing them. The sets are interned once, as the scheduler does.
#include <array>
#include <string>
#include <unordered_map>
#include <vector>

#include <corchestra/base/text.hpp>

#include "core/resource_table.hpp"
#include "harness.hpp"

using namespace corchestra;

namespace {

constexpr std::size_t pairs = 64, operations = 1'000'000;

std::array<std::string, 2> names(std::size_t pair) { return {concat("db:", pair), concat("file-", pair)}; }

double ours() {
  detail::resource_table table;
  std::vector<std::vector<detail::claim>> sets;
  for (std::size_t i = 0; i < pairs; ++i) {
    std::vector<resource_request> requests;
    for (std::string& name : names(i)) requests.push_back({.id = std::move(name)});
    sets.push_back(table.intern(requests));
  }
  std::vector<task_index> woken;
  std::size_t granted = 0;
  const bench::stopwatch watch;
  for (std::size_t i = 0; i < operations; ++i) {
    const auto& set = sets[i % pairs];
    const auto task = static_cast<task_index>(i);
    if (table.try_acquire(task, 0, set, time_point()) == detail::resource_table::none) ++granted;
    table.release(task, set, woken);
  }
  const double time = watch.nanoseconds();
  bench::check(granted == operations && woken.empty(), "a free lock was refused");
  return time / operations;
}

double hash_map() {
  std::unordered_map<std::string, int> map;
  std::vector<std::array<std::string, 2>> keys;
  for (std::size_t i = 0; i < pairs; ++i) keys.push_back(names(i));
  std::size_t inserted = 0, erased = 0;
  const bench::stopwatch watch;
  for (std::size_t i = 0; i < operations; ++i) {
    for (const auto& key : keys[i % pairs]) inserted += map.emplace(key, 1).second ? 1 : 0;
    for (const auto& key : keys[i % pairs]) erased += map.erase(key);
  }
  const double time = watch.nanoseconds();
  bench::check(inserted == 2 * operations && erased == inserted, "the map lost a key");
  return time / operations;
}

}  // namespace

int main(int argc, char** argv) {
  return bench::measure(argc, argv, {.name = "locks", .unit = "ns/pair", .least = 4, .aim = 2}, ours, hash_map);
}
