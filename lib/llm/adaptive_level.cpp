#include "llm/adaptive_level.hpp"

#include <algorithm>
#include <utility>

namespace corchestra::llm {

void adaptive_level::refused(double borne, double tried, time_point now) noexcept {
  const double had = limited_ ? value_ : std::max(borne, tried);
  const bool apart = !limited_ || now - cut_at_ > constants_.back;  // not one of several on the way down
  if (!limited_) {
    best_ = had;
  } else if (had < best_ && !proven_) {
    best_ = had + (best_ - had) * 0.3;
    proven_ = best_ < had * 1.1;
    best_at_ = now;
  } else if (had < best_ && apart) {
    if (had > 0.85 * best_ && !pulled_) {
      best_ = had;
      best_at_ = now;
    } else if (now - best_at_ > constants_.memory) {
      best_ = had + (best_ - had) * 0.6;
    }
  }
  pulled_ = false;
  in_vain_ = best_ > had * 1.1 ? in_vain_ + 1 : 0;
  limited_ = true;
  ceiling_ = std::clamp(std::min(borne, had), least_, most_);
  value_ = std::max(least_, ceiling_ * constants_.cut);
  grown_at_ = cut_at_ = now;
}

void adaptive_level::grow(bool used, time_point now) noexcept {
  const double seconds = to_seconds(now - std::exchange(grown_at_, std::max(grown_at_, now)));
  if (!limited_ || !used || seconds <= 0) return;
  const double near = ceiling_ * constants_.near;
  if (value_ < near) {
    value_ = std::min(near, value_ + ceiling_ * (constants_.near - constants_.cut) / to_seconds(constants_.back) * seconds);
  } else {
    const double calm_for = to_seconds(now - cut_at_) / to_seconds(constants_.patience);
    const double creep = std::max(ceiling_ * std::min(constants_.creep, constants_.creep_each * ceiling_), constants_.least_creep);
    value_ += creep * creeps_ * (1 + calm_for * calm_for) * seconds;
  }
  const duration calm = constants_.calm + std::chrono::seconds(std::min(3, in_vain_));
  if (best_ > ceiling_ * 1.1 && now - cut_at_ > calm) {
    value_ += (best_ - value_) * std::min(1.0, constants_.pull * seconds);
    pulled_ = true;
  }
  value_ = std::min(value_, most_);
  ceiling_ = std::max(ceiling_, value_);
  if (value_ >= best_) {
    best_ = value_;
    proven_ = true;
  }
  if (proven_ && value_ >= 0.95 * best_) best_at_ = now;
}

void adaptive_level::told(double level, double creeps, time_point now) noexcept {
  creeps_ = creeps;
  if (limited_ && ceiling_ == level) return;
  limited_ = proven_ = true;
  value_ = ceiling_ = best_ = std::clamp(level, least_, most_);
  grown_at_ = cut_at_ = best_at_ = now;
}

}  // namespace corchestra::llm
