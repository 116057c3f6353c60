#pragma once

#include <algorithm>
#include <cstdint>
#include <optional>

#include <corchestra/llm/limiter.hpp>

namespace corchestra::llm {

/// What is left of a quota that an endpoint renews as a whole, as its headers tell (`remaining`, `reset`), less what
/// went out after the call that was answered: when it is used up nothing more may go out until it is renewed. Quotas
/// that refill all the time are left to their rate. An endpoint that goes on serving what it says it has not is not
/// believed until it refuses; one that has counted later calls in, or counts less than was estimated, is taken at its
/// word.
class told_quota {
 public:
  explicit told_quota(duration longest) noexcept : longest_(longest) {}

  /// So much goes out; its mark is the sum of all until then.
  double sent(double amount, time_point now) noexcept;
  /// The reply to a call of this mark, and of this amount, says so. What is out of order tells nothing new.
  void heard(const rate_limit& said, double mark, double amount, bool served, time_point now) noexcept;
  /// Something was refused: it does mean what it says.
  void refused() noexcept;

  /// When something may go out: `now` or before when that is at once. Never later than `longest` after it was used up.
  time_point next() const noexcept { return used_up() ? std::min(renewed_at_, used_up_at_ + longest_) : time_point{}; }

 private:
  struct reading {
    std::int64_t remaining = 0;
    duration reset{};
    double mark = 0;
  };

  bool whole() const noexcept { return wholes_ >= 0; }
  bool used_up() const noexcept { return whole() && believed_ && left_ && *left_ <= 0; }
  void set(double left, time_point now) noexcept;
  void pass(time_point now) noexcept;
  void compare(const reading& r) noexcept;
  bool contradicts(const reading& r, double limit, double amount) noexcept;

  duration longest_;
  double total_ = 0;            // sent
  std::optional<double> left_;  // unknown after a renewal
  time_point renewed_at_{}, used_up_at_{};
  std::optional<reading> last_,
      too_little_;        // the latter: of a call that was served, though it left less than that took
  int wholes_ = 0;        // signs of renewal as a whole, less those of refilling
  bool believed_ = true;  // both until it refuses
  bool counts_late_ = false;
};

}  // namespace corchestra::llm
