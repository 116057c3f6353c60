#pragma once

#include <corchestra/base/time.hpp>

namespace corchestra::llm {

/// How much of something an endpoint bears (requests a second, or requests in flight), found by asking for more until it
/// refuses. A refusal cuts the level a little below what was borne and remembers that as the ceiling; then it rises back
/// to just below the ceiling, and creeps on from there. What was borne in the last minutes is remembered too: when the
/// ceiling has fallen, the level is tried upwards faster, so that an endpoint that recovers is soon used again.
class adaptive_level {
 public:
  struct constants {
    double cut = 0.9;       ///< of the ceiling, after a refusal
    double near = 0.97;     ///< of the ceiling: where the way back ends
    double creep = 0.002;   ///< of the ceiling a second, beyond that
    double least_creep = 0;  ///< a second
    double creep_each = 1;   ///< of the ceiling for each unit of it a second: a slow rate creeps slower
    duration patience = std::chrono::seconds(60);  ///< after it the creep grows: the ceiling was too low
    double pull = 0.4;      ///< of the distance to the best a second, when it is far
    duration back = std::chrono::seconds(5);      ///< from the cut to near
    duration calm = std::chrono::seconds(2);      ///< after a cut, before the pull begins; up to 5 s when it was in vain
    duration memory = std::chrono::seconds(75);   ///< of the best
  };

  /// Unlimited until the first refusal.
  adaptive_level(double least, double most, constants c) noexcept : constants_(c), least_(least), most_(most) {}
  adaptive_level(double least, double most) noexcept : adaptive_level(least, most, constants()) {}

  bool limited() const noexcept { return limited_; }
  double value() const noexcept { return limited_ ? value_ : most_; }
  double ceiling() const noexcept { return limited_ ? ceiling_ : most_; }

  /// Something was refused: the first of a burst only. `borne` is what was borne just then, `tried` what had been asked,
  /// the most that it could be.
  void refused(double borne, double tried, time_point now) noexcept;
  /// Time has passed without a refusal. What is not used does not grow.
  void grow(bool used, time_point now) noexcept;
  /// What it bears is known from elsewhere: `creeps` is how much of the usual creep is left, 0 when it is certain.
  void told(double level, double creeps, time_point now) noexcept;

 private:
  constants constants_;
  double least_, most_;
  bool limited_ = false, proven_ = false;  // the best was really borne
  bool pulled_ = false;                    // since the last cut
  double value_ = 0, ceiling_ = 0, best_ = 0, creeps_ = 1;
  int in_vain_ = 0;  // pulls since the best was reached
  time_point grown_at_{}, cut_at_{}, best_at_{};
};

}  // namespace corchestra::llm
