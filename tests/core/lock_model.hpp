#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <string>
#include <vector>

#include <corchestra/core/task_call.hpp>

// What a table of resources must obey, said a second time and in another way: by what a holder may do and where, with
// no intent locks on parents, no order and no waiting.
namespace corchestra::tests {

/// A resource of the model. A lock's place is a list of names; one place covers those that begin with it.
struct model_resource {
  std::string id;
  std::vector<int> place;      // of locks
  std::uint32_t capacity = 0;  // of what is counted
  std::int64_t period = 0;     // of a rate
};

/// `d` is a folder with a file `x`, and a folder `e` with a file `y`.
inline const std::array<model_resource, 11>& model_resources() {
  static const std::array<model_resource, 11> all{{
      {"a", {1}},
      {"b", {2}},
      {"directory:d", {3, 4}},
      {"file:./d//x", {3, 4, 5}},
      {"directory:d/e", {3, 4, 6}},
      {"file:d/e/z/../y", {3, 4, 6, 7}},
      {"directory:.", {3}},
      {"file:/d/x", {8, 4, 5}},
      {"gpu", {}, 3},
      {"calls", {}, 4, 10},
      {"single", {}, 1, 3},
  }};
  return all;
}

struct model_request {
  std::size_t resource = 0;
  lock_mode mode = lock_mode::exclusive;
  std::uint32_t amount = 1;
};

inline bool covers(const std::vector<int>& folder, const std::vector<int>& place) {
  return folder.size() <= place.size() && std::equal(folder.begin(), folder.end(), place.begin());
}

/// Whether two tasks may hold these locks at one time. A holder reads or writes a whole place, or something in it.
inline bool may_go_together(const model_request& a, const model_request& b) {
  const auto& p = model_resources()[a.resource].place;
  const auto& q = model_resources()[b.resource].place;
  if (p.empty() || q.empty()) return true;
  const bool a_above = covers(p, q), b_above = covers(q, p);
  if (!a_above && !b_above) return true;
  const auto writes = [](lock_mode m) { return m == lock_mode::exclusive || m == lock_mode::intent_exclusive; };
  const auto whole = [](lock_mode m) { return m == lock_mode::exclusive || m == lock_mode::shared; };
  if (!writes(a.mode) && !writes(b.mode)) return true;
  if (a_above && whole(a.mode)) return false;
  if (b_above && whole(b.mode)) return false;
  return true;
}

using model_set = std::vector<model_request>;

inline bool may_go_together(const model_set& a, const model_set& b) {
  for (const auto& x : a) {
    for (const auto& y : b) {
      if (!may_go_together(x, y)) return false;
    }
  }
  return true;
}

inline std::uint32_t amount_of(const model_set& s, std::size_t resource) {
  std::uint32_t sum = 0;
  for (const auto& r : s) sum += r.resource == resource ? r.amount : 0;
  return sum;
}

}  // namespace corchestra::tests
