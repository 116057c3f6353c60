#pragma once

#include <chrono>
#include <string>
#include <string_view>

#include <corchestra/base/error.hpp>

namespace corchestra {

using duration = std::chrono::nanoseconds;

/// The time axis of a run. It cannot be read: time is always an argument, so that virtual time and replay are exact.
/// Real time points count from the system's steady clock.
struct monotonic {
  using rep = corchestra::duration::rep;
  using period = corchestra::duration::period;
  using duration = corchestra::duration;
  using time_point = std::chrono::time_point<monotonic>;
  static constexpr bool is_steady = true;
};
using time_point = monotonic::time_point;

/// Wall time, for records only.
using wall_time = std::chrono::sys_time<std::chrono::milliseconds>;

/// Ties the monotonic axis to the calendar: taken once when a run starts, so that a clock that jumps disturbs nothing.
struct clock_anchor {
  time_point at{};
  wall_time wall{};

  wall_time to_wall(time_point t) const {
    return wall + std::chrono::duration_cast<std::chrono::milliseconds>(t - at);
  }
};

/// `2026-11-21T08:00:00.123Z`
std::string to_iso8601(wall_time t);

/// `500ms`, `1.5s`, `2m`, `1h30m`, `1d`; a bare number is seconds. Never negative. Error: `invalid_argument`.
result<duration> parse_duration(std::string_view text);

/// For people: `850 ms`, `9.23 s`, `2 m 05 s`, `1 h 02 m`.
std::string to_text(duration d);

inline double to_seconds(duration d) { return std::chrono::duration<double>(d).count(); }
inline duration from_seconds(double s) {
  return std::chrono::duration_cast<duration>(std::chrono::duration<double>(s));
}

}  // namespace corchestra
