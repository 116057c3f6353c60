#include <iostream>
#include <unordered_set>

#include <corchestra/base/text.hpp>
#include <corchestra/testing/interleaving_explorer.hpp>

namespace corchestra::testing {

exploration interleaving_explorer::explore(const scenario& s) const {
  exploration found;
  std::unordered_set<std::uint64_t> orders;
  for (std::uint64_t seed = first_; found.tries < tries_ && found.ok(); ++seed) {
    ++found.tries;
    virtual_time_context time(seed);
    try {
      s(time);
    } catch (const std::exception& e) {
      found.failure = e.what();
      found.failing_seed = seed;
    } catch (...) {
      found.failure = "an exception that is no std::exception";
      found.failing_seed = seed;
    }
    orders.insert(time.order());
  }
  found.orders = orders.size();
  if (!found.ok()) {
    std::cerr << concat("interleaving_explorer: seed ", *found.failing_seed, " fails: ", found.failure, '\n');
  }
  return found;
}

void interleaving_explorer::replay(std::uint64_t seed, const scenario& s) {
  virtual_time_context time(seed);
  s(time);
}

}  // namespace corchestra::testing
