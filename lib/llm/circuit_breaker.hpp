#pragma once

#include <algorithm>
#include <cstdint>
#include <utility>

#include <corchestra/base/time.hpp>

namespace corchestra::llm {

/// Stops asking an endpoint that does not work: after so many failures in a row nothing goes out for a while, then one
/// call tries, and its outcome decides: works, or another pause twice as long.
class circuit_breaker {
 public:
  circuit_breaker(std::uint32_t failures, duration pause) noexcept : most_(failures), pause_(pause) {}

  /// When the next call may go out: time_point::max() while one is trying.
  time_point next() const noexcept { return probing_ ? time_point::max() : open_until_; }
  bool open() const noexcept { return failed_ >= most_; }
  void sent() noexcept { probing_ = open(); }
  void worked() noexcept {
    failed_ = opened_ = 0;
    probing_ = false;
    open_until_ = {};
  }
  void failed(time_point now) noexcept {
    const bool late = open() && !std::exchange(probing_, false);  // sent before it opened
    if (late) return;
    if (++failed_ < most_) return;
    open_until_ = now + std::min(pause_ * (1 << std::min(opened_, 6u)), longest);
    ++opened_;
  }
  /// Opens for so long, whatever went before.
  void trip(time_point now, duration pause) noexcept {
    failed_ = most_;
    probing_ = false;
    open_until_ = now + pause;
  }
  /// Neither: it was cancelled, or refused for a reason of its own.
  void left() noexcept { probing_ = false; }

 private:
  static constexpr duration longest = std::chrono::seconds(60);

  std::uint32_t most_, failed_ = 0, opened_ = 0;
  duration pause_;
  time_point open_until_{};
  bool probing_ = false;
};

}  // namespace corchestra::llm
