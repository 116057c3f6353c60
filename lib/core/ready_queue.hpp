#pragma once

#include <algorithm>
#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <queue>
#include <vector>

namespace corchestra::detail {

/// Tasks that lack only a slot: higher priority first, then those that take a slot again, then listing order. Entries
/// that have become stale are recognised by their ticket when they come out.
class ready_queue {
 public:
  struct entry {
    std::uint32_t task = 0;
    std::uint32_t ticket = 0;
  };

  void push(int priority, bool resumes, entry e) {
    auto& b = buckets_[key{priority, resumes}];
    // Nearly all pushes come in listing order: those need no heap.
    if (b.sorted.empty() || b.sorted.back().task < e.task) {
      b.sorted.push_back(e);
    } else {
      b.heap.push(e);
    }
    ++size_;
  }

  /// Takes the best entry out; false when there is none.
  bool pop(entry& out) {
    while (!buckets_.empty()) {
      auto it = buckets_.begin();
      auto& b = it->second;
      const bool from_heap = !b.heap.empty() && (b.sorted.empty() || b.heap.top().task < b.sorted.front().task);
      if (from_heap) {
        out = b.heap.top();
        b.heap.pop();
      } else if (!b.sorted.empty()) {
        out = b.sorted.front();
        b.sorted.pop_front();
      } else {
        buckets_.erase(it);
        continue;
      }
      --size_;
      return true;
    }
    return false;
  }

  bool empty() const noexcept { return size_ == 0; }

 private:
  struct key {
    int priority;
    bool resumes;
    bool operator<(const key& o) const noexcept {
      return priority != o.priority ? priority > o.priority : resumes > o.resumes;
    }
  };
  struct later {
    bool operator()(const entry& a, const entry& b) const noexcept { return a.task > b.task; }
  };
  struct bucket {
    std::deque<entry> sorted;
    std::priority_queue<entry, std::vector<entry>, later> heap;
  };
  std::map<key, bucket> buckets_;
  std::size_t size_ = 0;
};

}  // namespace corchestra::detail
