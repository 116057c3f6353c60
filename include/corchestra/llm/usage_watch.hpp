#pragma once

#include <atomic>
#include <cstdint>

namespace corchestra::llm {

/// Notices that an endpoint, which told the usage of its replies, does so no longer. Thread-safe.
class usage_watch {
 public:
  static constexpr std::uint32_t in_a_row = 10;  ///< replies without usage

  /// A reply came, with or without usage. True: usage has just disappeared; once each time.
  bool disappears(bool has_usage) noexcept {
    if (!has_usage) return seen_ && ++without_ == in_a_row;
    seen_ = true;
    without_ = 0;
    return false;
  }
  bool missing() const noexcept { return without_ >= in_a_row; }

 private:
  std::atomic<bool> seen_ = false;
  std::atomic<std::uint32_t> without_ = 0;
};

}  // namespace corchestra::llm
