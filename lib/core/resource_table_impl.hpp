#pragma once

#include <algorithm>
#include <cassert>
#include <limits>

#include <corchestra/base/text.hpp>

#include "core/rate_window.hpp"
#include "core/resource_table.hpp"

namespace corchestra::detail {

/// What is counted of a counter, rate or pool.
struct resource_table::quantity {
  std::uint32_t capacity;
  std::uint64_t in_use = 0;  // not of a rate
  rate_window window;        // of a rate

  std::uint64_t used() const noexcept { return in_use + window.used(); }
};

/// Where a task stands among those that wait: one that reserves is before all that do not, and before those that
/// reserve and have waited for less time.
struct resource_table::standing {
  by_rank ranked;
  const waiter* reserving = nullptr;

  static standing of(const waiter& w) noexcept { return {w.ranked(), w.reserving ? &w : nullptr}; }
  bool before(const standing& o) const noexcept {
    if (reserving != nullptr && o.reserving != nullptr) return reserving->aged() < o.reserving->aged();
    if (reserving != nullptr || o.reserving != nullptr) return reserving != nullptr;
    return ranked < o.ranked;
  }
};

inline resource_table::quantity& resource_table::quantity_of(const entry& e) noexcept { return quantities_[e.link]; }
inline const resource_table::quantity& resource_table::quantity_of(const entry& e) const noexcept {
  return quantities_[e.link];
}

inline std::size_t resource_table::line_of(const entry& e, const claim& c) noexcept {
  return e.kind == resource_kind::lock ? static_cast<std::size_t>(c.mode) : 0;
}

inline bool resource_table::held_by(const entry& e, task_index task) noexcept {
  return e.holder == task || (e.more != nullptr && e.more->holders.contains(task));
}

}  // namespace corchestra::detail
