#pragma once

#include <algorithm>
#include <cstdint>
#include <deque>
#include <optional>
#include <utility>

#include <corchestra/base/time.hpp>

namespace corchestra::llm {

/// What was served lately, and when the endpoint refused everything: the rate it bears, once a moment of refusals says
/// that it has been reached.
class refusal_log {
 public:
  static constexpr duration outage = std::chrono::seconds(3);     ///< refusals without a success for so long
  static constexpr duration cycle = std::chrono::seconds(150);    ///< outages so close together have one cause

  /// `in_flight`: how many were, when it went out.
  void served(std::size_t in_flight, time_point now) {
    turn(now);
    most_ = std::max(most_, in_flight);
    while (served_.size() > few && now - served_.front() > std::chrono::seconds(1)) served_.pop_front();
    served_.push_back(now);
    ++in_cycle_;
    refused_since_.reset();
    row_ = 0;
  }

  /// Gives back how many bursts of refusals there were in a row, with nothing served between them.
  std::uint32_t refused(bool first_of_burst, time_point now) {
    if (!refused_since_) refused_since_ = now;
    return row_ += first_of_burst ? 1 : 0;
  }

  /// Served a second, by the last twenty, or those of the last half second; nothing when there were too few to tell.
  std::optional<double> rate(time_point now) const {
    if (served_.size() < 4) return {};
    const auto from = std::min(served_[served_.size() - std::min(few, served_.size())], now - std::chrono::milliseconds(500));
    const auto first = std::lower_bound(served_.begin(), served_.end(), from);
    return static_cast<double>(served_.end() - first) / to_seconds(now - from);
  }

  /// To be asked before `served`: at the end of the second outage in a short time, what was served a second since the
  /// end of the first. So a quota of a whole minute is learnt, which is used up in a part of it.
  std::optional<double> rate_of_cycle(time_point now) {
    if (!refused_since_ || now - *refused_since_ < outage) return {};
    const auto last = std::exchange(recovered_at_, now);
    const auto count = std::exchange(in_cycle_, 0);
    if (!last || now - *last > cycle || now - *last < 2 * outage) return {};
    return static_cast<double>(count) / to_seconds(now - *last);
  }

  /// In flight, of those that were served in the last half minute or minute.
  std::size_t most_borne(time_point now) {
    turn(now);
    return std::max(most_, most_before_);
  }

 private:
  void turn(time_point now) {
    constexpr duration half_a_minute = std::chrono::seconds(30);
    if (now - turned_at_ < half_a_minute) return;
    most_before_ = now - turned_at_ < 2 * half_a_minute ? most_ : 0;
    most_ = 0;
    turned_at_ = now;
  }

  static constexpr std::size_t few = 20;

  std::deque<time_point> served_;
  std::optional<time_point> refused_since_, recovered_at_;
  std::uint64_t in_cycle_ = 0;
  std::size_t most_ = 0, most_before_ = 0;
  time_point turned_at_{};
  std::uint32_t row_ = 0;
};

}  // namespace corchestra::llm
