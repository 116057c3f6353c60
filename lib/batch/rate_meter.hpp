#pragma once

#include <algorithm>
#include <cstdint>
#include <deque>

#include <corchestra/base/time.hpp>

namespace corchestra::batch {

/// How many requests and tokens a minute there have been of late. Pure.
class rate_meter {
 public:
  static constexpr duration window = std::chrono::seconds(30);

  void add(time_point now, std::int64_t tokens) {
    const auto second = std::chrono::floor<std::chrono::seconds>(now.time_since_epoch());
    if (slots_.empty() || slots_.back().second != second) slots_.push_back({second, 0, 0});
    ++slots_.back().requests;
    slots_.back().tokens += tokens;
    forget(now);
  }

  struct rates {
    double requests = 0, tokens = 0;  ///< a minute
  };
  /// Since `begin` when that is less than the window ago.
  rates at(time_point now, time_point begin) const {
    const duration seen = std::min<duration>(window, now - begin);
    if (seen <= duration::zero()) return {};
    double requests = 0, tokens = 0;
    for (const slot& s : slots_) {
      if (now.time_since_epoch() - s.second > window) continue;
      requests += static_cast<double>(s.requests);
      tokens += static_cast<double>(s.tokens);
    }
    const double minutes = to_seconds(seen) / 60;
    return {requests / minutes, tokens / minutes};
  }

 private:
  struct slot {
    std::chrono::seconds second;
    std::int64_t requests, tokens;
  };
  void forget(time_point now) {
    while (now.time_since_epoch() - slots_.front().second > window + std::chrono::seconds(1)) slots_.pop_front();
  }

  std::deque<slot> slots_;
};

}  // namespace corchestra::batch
