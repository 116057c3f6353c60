#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <string_view>
#include <vector>

#include <corchestra/core/event.hpp>

namespace corchestra {

/// What a task's time went to.
enum class time_use : std::uint8_t {
  deps,      ///< waited for other tasks
  approval,  ///< for a person, before or inside an attempt
  budget,
  rate,  ///< for a rate limit, before or inside an attempt
  lock,
  slot,     ///< READY (or PENDING): only a slot was missing
  backoff,  ///< between an attempt and the next
  paused,
  child,  ///< inside an attempt, for another task
  run,    ///< its attempts worked
};
inline constexpr int time_use_count = 10;

std::string_view to_string(time_use u) noexcept;

/// Time by use.
struct time_shares {
  std::array<duration, time_use_count> spent{};

  duration operator[](time_use u) const noexcept { return spent[static_cast<std::size_t>(u)]; }
  duration& operator[](time_use u) noexcept { return spent[static_cast<std::size_t>(u)]; }
  duration total() const noexcept;
  duration lost() const noexcept { return total() - (*this)[time_use::run]; }  ///< all but `run`
  time_shares& operator+=(const time_shares& o) noexcept;
  friend bool operator==(const time_shares&, const time_shares&) = default;
};

/// From `from` until the next span, or the task's end.
struct time_span {
  time_point from{};
  time_use use{};
};

/// The fold that tells what the time between submission and end went to. Of every task the shares sum up to exactly the
/// time from task_submitted to task_ended. Feed it every event of a run, in order.
class time_attribution {
 public:
  /// What is remembered of tasks that have ended.
  enum class keep : std::uint8_t {
    totals,  ///< nothing but the sum of all
    tasks,   ///< 8 bytes, and 8 more for each use that occurred
    spans,   ///< also 16 bytes for each of the first 32 changes of use before and between attempts
  };

  explicit time_attribution(keep what = keep::tasks);
  ~time_attribution();
  time_attribution(time_attribution&&) noexcept;
  time_attribution& operator=(time_attribution&&) noexcept;

  void operator()(const event& e);

  /// Of all tasks, those under way included, as of the last event or of `now`.
  time_shares totals() const;
  time_shares totals(time_point now) const;
  /// Of one task. Absent when it is unknown, or has ended and is not kept.
  std::optional<time_shares> of(task_index task) const;
  /// What a task did when, in order; empty when it is unknown or spans are not kept. Time inside an attempt is one
  /// `run`.
  std::vector<time_span> spans(task_index task) const;

 private:
  struct impl;
  std::unique_ptr<impl> impl_;
};

}  // namespace corchestra
