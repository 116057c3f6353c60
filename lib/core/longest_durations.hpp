#pragma once

#include <algorithm>
#include <boost/container/small_vector.hpp>
#include <cstddef>
#include <span>

#include <corchestra/base/time.hpp>

namespace corchestra::detail {

/// The longest of any number of durations, in bounded memory: twice `most` are kept at once, a megabyte.
class longest_durations {
 public:
  static constexpr std::size_t most = 65'536;

  /// So many will come.
  void reserve(std::size_t count) { kept_.reserve(count < 2 * most ? count : 2 * most); }

  void add(duration d, std::size_t times) {
    if (d <= too_short_) return;
    if (times == 1 && kept_.size() < 2 * most) {
      kept_.push_back(d);
      return;
    }
    const std::size_t copies = times < most ? times : most;
    if (kept_.size() + copies > 2 * most) drop_the_shorter();
    kept_.insert(kept_.end(), copies, d);
  }

  std::size_t size() const noexcept { return kept_.size(); }  ///< those kept
  duration longest() const noexcept { return kept_.empty() ? duration{} : *std::max_element(kept_.begin(), kept_.end()); }
  /// Up to `most` of them, longest first. Valid until the next one is added.
  std::span<const duration> sorted();

 private:
  void drop_the_shorter();

  boost::container::small_vector<duration, 8> kept_;  // longest first up to `sorted_`
  std::size_t sorted_ = 0;
  duration too_short_ = duration::min();  // so many are as long or longer
};

}  // namespace corchestra::detail
