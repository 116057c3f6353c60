#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <map>
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

/// Whether two tasks may hold locks of these places at one time. A holder reads or writes a whole place, or something
/// in it.
inline bool may_go_together(const std::vector<int>& p, lock_mode a, const std::vector<int>& q, lock_mode b) {
  if (p.empty() || q.empty()) return true;
  const bool a_above = covers(p, q), b_above = covers(q, p);
  if (!a_above && !b_above) return true;
  const auto writes = [](lock_mode m) { return m == lock_mode::exclusive || m == lock_mode::intent_exclusive; };
  const auto whole = [](lock_mode m) { return m == lock_mode::exclusive || m == lock_mode::shared; };
  if (!writes(a) && !writes(b)) return true;
  return !(a_above && whole(a)) && !(b_above && whole(b));
}

inline bool may_go_together(const model_request& a, const model_request& b) {
  return may_go_together(model_resources()[a.resource].place, a.mode, model_resources()[b.resource].place, b.mode);
}

/// The locks of random plans.
inline const std::map<std::string, std::vector<int>>& lock_places() {
  static const std::map<std::string, std::vector<int>> all{{"r0", {1}},
                                                           {"r1", {2}},
                                                           {"directory:/", {3}},
                                                           {"directory:/a", {3, 4}},
                                                           {"file:/a/b", {3, 4, 5}},
                                                           {"file:/a/c/d", {3, 4, 6, 7}},
                                                           {"directory:x", {8}},
                                                           {"file:x/y", {8, 9}}};
  return all;
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
