#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>

#include <corchestra/base/time.hpp>

namespace corchestra::detail {

/// For look-up by string_view.
struct string_hash {
  using is_transparent = void;
  std::size_t operator()(std::string_view s) const noexcept { return std::hash<std::string_view>{}(s); }
};
template <class T>
using string_map = std::unordered_map<std::string, T, string_hash, std::equal_to<>>;

/// What is left of a run, from what is over: every task that does not run is taken to last the mean of the finished
/// ones of its task type (of all when its type has none), a running one what its mean leaves of it; the work is spread
/// evenly over the slots. It knows nothing of dependencies, so it is early when the plan is a chain.
class eta_estimator {
 public:
  static constexpr std::size_t least_samples = 3;

  struct type_stats {
    std::size_t finished = 0;
    std::size_t idle = 0;  ///< not ended and not running
    duration total{};
  };

  /// Valid as long as the estimator.
  type_stats& type(std::string_view name);
  void finished(type_stats& t, duration took);
  std::size_t samples() const noexcept { return samples_; }
  duration mean(const type_stats& t) const;

  /// Collects the running tasks of one estimate.
  class running_work {
   public:
    void add(duration left);

   private:
    friend class eta_estimator;
    duration total_{}, longest_{};
    std::size_t count_ = 0;
  };
  /// Unknown before three tasks have finished.
  std::optional<duration> estimate(const running_work& running, std::size_t slots) const;

 private:
  string_map<type_stats> types_;
  std::size_t samples_ = 0;
  duration total_{};
};

}  // namespace corchestra::detail
