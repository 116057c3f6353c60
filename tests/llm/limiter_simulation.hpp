#pragma once

#include <algorithm>
#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <random>
#include <set>
#include <vector>

#include <corchestra/llm/limiter.hpp>

namespace corchestra::tests {

using llm::call_report;
using llm::endpoint_answer;

/// What an endpoint does with a call that arrives, given how many it has in work: an answer, and after what time.
struct reaction {
  call_report report;
  duration takes{};
};
using endpoint = std::function<reaction(time_point now, std::size_t in_work)>;

/// A backlog without end against one endpoint, under virtual time. What is throttled or fails is asked again.
class limiter_simulation {
 public:
  limiter_simulation(llm::limiter_options options, endpoint e) : limiter(options, {}), endpoint_(std::move(e)) {}

  void run(duration until) {
    const time_point end = time_point{} + until;
    while (now < end) {
      while (limiter.status(now).waiting < retries_ + 32) ask(false);
      while (const auto call = limiter.next(now)) {
        --waiting_;
        retries_ -= again_.erase(*call);
        ++sent;
        const reaction r = endpoint_(now, work_.size());
        work_.emplace(now + r.takes, std::pair(*call, r.report));
      }
      while (const auto lost = limiter.give_up(now)) {
        --waiting_;
        retries_ -= again_.erase(lost->call);
        gave_up.push_back(now);
      }
      const time_point due = limiter.next_time(now);
      const time_point next = std::min(due, work_.empty() ? time_point::max() : work_.begin()->first);
      if (next == time_point::max()) break;
      now = std::max(next, now);
      while (!work_.empty() && work_.begin()->first <= now) {
        const auto [call, report] = work_.begin()->second;
        work_.erase(work_.begin());
        limiter.ended(call, report, now);
        ++answered;
        if (report.answer == endpoint_answer::served) {
          served.push_back(now);
        } else {
          if (report.answer == endpoint_answer::throttled) refused.push_back(now);
          ask(true);
        }
      }
    }
  }

  std::size_t served_between(duration from, duration to) const { return between(served, from, to); }
  std::size_t refused_between(duration from, duration to) const { return between(refused, from, to); }
  /// Refused of all that was answered.
  double refused_part(duration from, duration to) const {
    const auto no = static_cast<double>(refused_between(from, to));
    return no / std::max(1.0, no + static_cast<double>(served_between(from, to)));
  }
  std::size_t in_work() const { return work_.size(); }
  std::size_t waiting() const { return waiting_; }

  llm::limiter limiter;
  time_point now{};
  std::size_t sent = 0, answered = 0;
  std::vector<time_point> served, refused, gave_up;

 private:
  void ask(bool again) {
    const auto call = limiter.ask({.tokens = 100, .again = again}, now);
    if (again) again_.insert(call);
    retries_ += again ? 1 : 0;
    ++waiting_;
  }
  static std::size_t between(const std::vector<time_point>& all, duration from, duration to) {
    return static_cast<std::size_t>(std::count_if(all.begin(), all.end(), [&](time_point t) {
      return t.time_since_epoch() >= from && t.time_since_epoch() < to;
    }));
  }

  endpoint endpoint_;
  std::size_t waiting_ = 0, retries_ = 0;  // retries among them
  std::set<llm::limiter::call_id> again_;
  std::multimap<time_point, std::pair<llm::limiter::call_id, call_report>> work_;
};

/// Between 0.5 and 2 s, most near 1: as answers of different lengths.
inline duration answer_time(std::mt19937_64& random) {
  return from_seconds(std::clamp(std::lognormal_distribution<double>(0, 0.3)(random), 0.5, 2.0));
}

inline reaction serve(duration takes) { return {{.answer = endpoint_answer::served, .tokens = 100}, takes}; }
inline reaction refuse(optional_duration retry_after = {}) {
  reaction r;
  r.report.answer = endpoint_answer::throttled;
  r.report.retry_after = retry_after;
  r.takes = std::chrono::milliseconds(50);
  return r;
}

/// A quota that refills all the time, as OpenAI's: so many a second, and so much put by.
class refilling_quota {
 public:
  refilling_quota(double a_second, double most) : rate(a_second), most_(most), level_(most) {}
  bool take(time_point now) {
    level_ = std::min(most_, level_ + rate * to_seconds(now - at_));
    at_ = now;
    if (level_ < 1) return false;
    level_ -= 1;
    return true;
  }
  double rate;

 private:
  double most_, level_;
  time_point at_{};
};

}  // namespace corchestra::tests
