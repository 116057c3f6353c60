#include "monitor/eta.hpp"

#include <algorithm>

namespace corchestra::detail {

namespace {

duration per(duration total, std::size_t n) { return n == 0 ? duration{} : total / static_cast<duration::rep>(n); }

}  // namespace

eta_estimator::type_stats& eta_estimator::type(std::string_view name) {
  const auto it = types_.find(name);
  return it != types_.end() ? it->second : types_.try_emplace(std::string(name)).first->second;
}

void eta_estimator::finished(type_stats& t, duration took) {
  ++t.finished;
  t.total += took;
  ++samples_;
  total_ += took;
}

duration eta_estimator::mean(const type_stats& t) const {
  return t.finished > 0 ? per(t.total, t.finished) : per(total_, samples_);
}

void eta_estimator::running_work::add(duration left) {
  left = std::max(left, duration::zero());
  total_ += left;
  longest_ = std::max(longest_, left);
  ++count_;
}

std::optional<duration> eta_estimator::estimate(const running_work& running, std::size_t slots) const {
  if (samples_ < least_samples) return std::nullopt;
  duration work = running.total_;
  std::size_t tasks = running.count_;
  for (const auto& [name, t] : types_) {
    work += mean(t) * static_cast<duration::rep>(t.idle);
    tasks += t.idle;
  }
  return std::max(running.longest_, per(work, std::min(tasks, std::max<std::size_t>(slots, 1))));
}

}  // namespace corchestra::detail
