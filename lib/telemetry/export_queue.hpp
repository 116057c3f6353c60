#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <string>
#include <utility>

namespace corchestra::telemetry {

/// Texts of spans that wait, bounded in number and bytes: the oldest make room. Not thread-safe.
class export_queue {
 public:
  export_queue(std::size_t max_count, std::size_t max_bytes) : max_count_(max_count), max_bytes_(max_bytes) {}

  /// Gives back how many were dropped, the new one included when it alone is too large.
  std::uint64_t push(std::string text) {
    std::uint64_t dropped = 0;
    bytes_ += text.size();
    texts_.push_back(std::move(text));
    for (; texts_.size() > max_count_ || bytes_ > max_bytes_; ++dropped) pop();
    return dropped;
  }

  struct batch {
    std::string texts;  ///< with commas between them
    std::size_t count = 0;
  };
  /// The oldest: at most so many and so large, but one at least.
  batch take(std::size_t most, std::size_t most_bytes) {
    batch b;
    while (!texts_.empty() && b.count < most && (b.count == 0 || b.texts.size() + texts_.front().size() < most_bytes)) {
      if (b.count++ > 0) b.texts += ',';
      b.texts += texts_.front();
      pop();
    }
    return b;
  }

  std::size_t clear() {
    const std::size_t n = texts_.size();
    texts_.clear();
    bytes_ = 0;
    return n;
  }

  std::size_t size() const noexcept { return texts_.size(); }

 private:
  void pop() {
    bytes_ -= texts_.front().size();
    texts_.pop_front();
  }

  std::size_t max_count_, max_bytes_, bytes_ = 0;
  std::deque<std::string> texts_;
};

}  // namespace corchestra::telemetry
