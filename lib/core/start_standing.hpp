#pragma once

#include <algorithm>
#include <bit>
#include <cstdint>
#include <limits>

#include <corchestra/core/event.hpp>
#include <corchestra/core/plan.hpp>

namespace corchestra::detail {

inline constexpr std::uint64_t sign_bit = std::uint64_t{1} << 63;

// Numbers as integers of the opposite order: the highest becomes the least.
inline std::uint64_t falling(std::int64_t n) noexcept { return ~(static_cast<std::uint64_t>(n) ^ sign_bit); }

inline std::uint64_t falling(double x) noexcept {
  const auto bits = std::bit_cast<std::uint64_t>(x + 0.0);  // no negative zero
  return ~((bits & sign_bit) != 0 ? ~bits : bits | sign_bit);
}

inline double from_falling(std::uint64_t n) noexcept {
  const std::uint64_t rising = ~n;
  return std::bit_cast<double>((rising & sign_bit) != 0 ? rising & ~sign_bit : ~rising);
}

// The aging part in 32 bits.
inline std::uint64_t short_falling(std::int64_t n) noexcept {
  using limits = std::numeric_limits<std::int32_t>;
  const std::int64_t fits = std::clamp(n, std::int64_t{limits::min()}, std::int64_t{limits::max()});
  return static_cast<std::uint64_t>(std::int64_t{limits::max()} - fits);
}

/// What start orders look at.
struct start_traits {
  int priority = 0;
  std::int64_t second = 0;  // of becoming ready, from any base
  double rank = 0;
  std::uint32_t depth = 0;
};

/// Where a task stands among those of its key that wait for a slot: all but its number. Compared as integers: less goes
/// first. The part of the key that ages is priority minus second, which stands still while all rise alike.
struct start_standing {
  std::uint64_t first = 0, second = 0;  // the order's key
  time_point ready_at{};
  std::int32_t priority = 0;
  // Twice the weight, and 1 more for one that resumes: bit-fields are slow to write and then compare.
  std::uint32_t slots = 2;

  void set_slots(std::uint32_t weight, bool resumes) noexcept {
    slots = std::min(weight, ~std::uint32_t{0} >> 1) << 1 | static_cast<std::uint32_t>(resumes);
  }
  std::uint32_t weight() const noexcept { return slots >> 1; }
  bool resumes() const noexcept { return (slots & 1) != 0; }

  void set_key(start_order order, const start_traits& t) noexcept;
  /// As they were set, where the order looks at them; else 0.
  double rank(start_order order) const noexcept;
  std::uint32_t depth(start_order order) const noexcept;

  // Without branches: nearly all are equal.
  friend bool operator==(const start_standing& a, const start_standing& b) noexcept {
    const auto differ = [](auto x, auto y) { return static_cast<std::uint64_t>(x ^ y); };
    return (differ(a.first, b.first) | differ(a.second, b.second) | differ(a.priority, b.priority) |
            differ(a.slots, b.slots) |
            differ(a.ready_at.time_since_epoch().count(), b.ready_at.time_since_epoch().count())) == 0;
  }
};

inline void start_standing::set_key(start_order order, const start_traits& t) noexcept {
  // Twice, and 1 more for one that resumes: it goes before those of its priority.
  const std::int64_t aging = (t.priority - t.second) * 2 + static_cast<std::int64_t>(resumes());
  switch (order) {
    case start_order::priority:
      first = falling(aging);
      second = falling(t.rank);
      break;
    case start_order::critical_path:
      first = falling(t.rank);
      second = falling(aging);
      break;
    case start_order::depth_first:
    case start_order::breadth_first:
      first = std::uint64_t{order == start_order::depth_first ? ~t.depth : t.depth} << 32 | short_falling(aging);
      second = falling(t.rank);
      break;
    case start_order::fifo:
      first = resumes() ? 0 : 1;
      second = ~falling(std::int64_t{ready_at.time_since_epoch().count()});
      break;
    case start_order::custom:
      first = falling(t.rank);
      second = 0;
      break;
  }
}

inline double start_standing::rank(start_order order) const noexcept {
  if (order == start_order::fifo) return 0;
  const bool leads = order == start_order::critical_path || order == start_order::custom;
  return from_falling(leads ? first : second);
}

inline std::uint32_t start_standing::depth(start_order order) const noexcept {
  const auto leading = static_cast<std::uint32_t>(first >> 32);
  if (order == start_order::depth_first) return ~leading;
  return order == start_order::breadth_first ? leading : 0;
}

struct queued_start {
  start_standing at;
  task_index task = 0;
  std::uint32_t ticket = 0;
};

constexpr bool ages(start_order order) noexcept { return order != start_order::fifo && order != start_order::custom; }

inline bool before(const start_standing& a, task_index a_task, const start_standing& b, task_index b_task) noexcept {
  if (a.first != b.first) return a.first < b.first;
  if (a.second != b.second) return a.second < b.second;
  return a.resumes() != b.resumes() ? a.resumes() : a_task < b_task;
}
inline bool before(const queued_start& a, const queued_start& b) noexcept { return before(a.at, a.task, b.at, b.task); }

}  // namespace corchestra::detail
