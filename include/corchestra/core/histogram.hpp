#pragma once

#include <algorithm>
#include <cstdint>
#include <span>
#include <vector>

namespace corchestra {

/// Counts values by explicit upper bounds (each inclusive), as OpenTelemetry and Prometheus do.
class histogram {
 public:
  /// `bounds` rise, and outlive the histogram.
  explicit histogram(std::span<const double> bounds) : bounds_(bounds), counts_(bounds.size() + 1) {}

  void add(double value) {
    ++counts_[static_cast<std::size_t>(std::lower_bound(bounds_.begin(), bounds_.end(), value) - bounds_.begin())];
    least_ = count_ == 0 ? value : std::min(least_, value);
    most_ = count_ == 0 ? value : std::max(most_, value);
    ++count_;
    sum_ += value;
  }

  std::span<const double> bounds() const noexcept { return bounds_; }
  /// One more than bounds: the last is of what is above them all.
  const std::vector<std::uint64_t>& counts() const noexcept { return counts_; }
  std::uint64_t count() const noexcept { return count_; }
  double sum() const noexcept { return sum_; }
  double least() const noexcept { return least_; }
  double most() const noexcept { return most_; }

 private:
  std::span<const double> bounds_;
  std::vector<std::uint64_t> counts_;
  std::uint64_t count_ = 0;
  double sum_ = 0, least_ = 0, most_ = 0;
};

}  // namespace corchestra
