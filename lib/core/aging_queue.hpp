#pragma once

#include <cstdint>

#include "core/sorted_runs.hpp"

namespace corchestra::detail {

/// The tasks of one fairness key that wait for a slot. A whole second of waiting raises the effective priority by 1, at
/// most by `most_aging`. Until then all rise together, so the order among them stands still; those that have risen as
/// far as they can are kept apart, in an order that stands still too.
class aging_queue {
 public:
  static constexpr int most_aging = 90;

  bool empty() const noexcept { return rising_.empty() && risen_.empty(); }
  void push_row(const queued_start& q, std::uint32_t count) { rising_.push_row(q, count); }

  /// The present second and where seconds are counted from.
  struct present {
    time_point full;  // what became ready before this has risen as far as it can
    std::int64_t second = 0;
  };
  /// The slots the best entry takes. There must be one.
  std::uint32_t best_weight(start_order order, const present& now) { return first(order, now).best().at->weight(); }
  queued_start take(start_order order, const present& now) { return first(order, now).take(); }
  /// As of sorted_runs, while the second lasts.
  std::uint32_t row(start_order order, const present& now) noexcept {
    const bool all_rise = risen_.empty() && (!ages(order) || rising_.best().at->ready_at >= now.full);
    return all_rise ? rising_.row() : 0;
  }
  queued_start front() const noexcept { return rising_.front(); }
  void skip(std::uint32_t count) noexcept { rising_.skip(count); }

 private:
  sorted_runs& first(start_order order, const present& now) {
    if (risen_.empty() && (!ages(order) || rising_.best().at->ready_at >= now.full)) return rising_;
    return risen_is_first(order, now) ? risen_ : rising_;
  }
  bool risen_is_first(start_order order, const present& now);

  sorted_runs rising_;
  sorted_runs risen_;  // their keys as of second 0
};

}  // namespace corchestra::detail
