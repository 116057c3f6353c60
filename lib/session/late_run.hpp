#pragma once

#include <functional>
#include <mutex>
#include <optional>
#include <vector>

#include <corchestra/runtime/run.hpp>

namespace corchestra {

/// A run's handle for its own callbacks, which may be called before whoever starts it has the handle. Thread-safe.
class late_run {
 public:
  /// Now, or as soon as the handle is there.
  void ask(std::function<void(run&)> request) {
    const std::lock_guard lock(mutex_);
    if (!run_) return early_.push_back(std::move(request));
    request(*run_);
  }
  void set(run r) {
    const std::lock_guard lock(mutex_);
    run_.emplace(std::move(r));
    for (const auto& request : early_) request(*run_);
    early_.clear();
  }

 private:
  std::mutex mutex_;
  std::optional<run> run_;
  std::vector<std::function<void(run&)>> early_;
};

}  // namespace corchestra
