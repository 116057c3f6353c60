#pragma once

#include <cstdint>
#include <list>
#include <optional>
#include <string>
#include <unordered_map>
#include <utility>

#include <corchestra/core/event.hpp>

namespace corchestra::detail {

/// What may be left out when a reader lags.
enum class upkeep : std::uint8_t {
  latest,  ///< progress: of a task only the last is kept
  recent,  ///< a fact on the way: the oldest are dropped, after progress
  always,  ///< the end of something, a question, and what a task is: one for each end
};

constexpr upkeep upkeep_of(event_type t) noexcept {
  switch (t) {
    case event_type::task_progress:
      return upkeep::latest;
    case event_type::task_submitted:
    case event_type::task_ended:
    case event_type::run_ended:
    case event_type::analysis_ended:
    case event_type::approval_requested:
      return upkeep::always;
    default:
      return upkeep::recent;
  }
}

/// Facts in order on their way to a reader that may lag. At most `capacity` wait besides those that are kept always.
/// Every operation is O(1). Not thread-safe.
template <class T>
class lagging_queue {
 public:
  explicit lagging_queue(std::size_t capacity) : capacity_(capacity) {}

  /// `key` tells whose progress it is.
  void push(upkeep kind, std::string key, T value) {
    if (kind == upkeep::latest) {
      if (const auto earlier = latest_.find(key); earlier != latest_.end()) drop(earlier->second);
    }
    const auto at = items_.insert(items_.end(), item{kind, std::move(value), {}, {}});
    if (kind == upkeep::always) return;
    auto& line = line_of(kind);
    at->place = line.insert(line.end(), at);
    if (kind == upkeep::latest) {
      at->key = key;
      latest_.emplace(std::move(key), at);
    }
    if (progress_.size() + recent_.size() > capacity_) drop(progress_.empty() ? recent_.front() : progress_.front());
  }

  std::optional<T> pop() {
    if (items_.empty()) return std::nullopt;
    std::optional<T> value(std::move(items_.front().value));
    remove(items_.begin());
    return value;
  }

  bool empty() const noexcept { return items_.empty(); }
  std::size_t size() const noexcept { return items_.size(); }
  std::size_t dropped() const noexcept { return dropped_; }

 private:
  struct item;
  using position = typename std::list<item>::iterator;
  struct item {
    upkeep kind;
    T value;
    std::string key;
    typename std::list<position>::iterator place;
  };

  std::list<position>& line_of(upkeep kind) noexcept { return kind == upkeep::latest ? progress_ : recent_; }
  void drop(position at) {
    ++dropped_;
    remove(at);
  }
  void remove(position at) {
    if (at->kind != upkeep::always) line_of(at->kind).erase(at->place);
    if (at->kind == upkeep::latest) latest_.erase(at->key);
    items_.erase(at);
  }

  std::list<item> items_;
  std::list<position> progress_, recent_;  // those that may be dropped, oldest first
  std::unordered_map<std::string, position> latest_;
  std::size_t capacity_, dropped_ = 0;
};

}  // namespace corchestra::detail
