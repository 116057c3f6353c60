#pragma once

#include <limits>
#include <map>
#include <set>
#include <tuple>
#include <unordered_map>

#include <corchestra/llm/limiter.hpp>

namespace corchestra::llm {

/// Calls that wait to go out: retries before first tries where they may, the more urgent first, then as they came. Calls
/// of one prefix follow one another, up to so many in a row, when nothing more urgent waits.
class waiting_calls {
 public:
  static constexpr int in_a_row = 16;

  struct call {
    limiter::call_id id = 0;
    std::int64_t tokens = 0;
    bool again = false;
  };

  bool empty() const noexcept { return calls_.empty(); }
  std::size_t size() const noexcept { return calls_.size(); }
  /// Whether one waits that is no retry.
  bool any_first_try() const noexcept { return !line_.empty() && !std::get<0>(*line_.rbegin()); }
  bool any_retry() const noexcept { return !line_.empty() && std::get<0>(*line_.begin()); }

  template <class F>
  void for_each(const F& f) const {
    for (const auto& [id, c] : calls_) f(id);
  }
  /// Of the retries that came after this one.
  template <class F>
  void for_retries_after(limiter::call_id last, const F& f) const {
    for (auto it = retries_.upper_bound(last); it != retries_.end(); ++it) f(*it);
  }

  void push(limiter::call_id id, const call_request& r) {
    const place p{r.again, -r.priority, id};
    line_.insert(p);
    if (r.again) retries_.insert(id);
    if (r.prefix != 0) by_prefix_[r.prefix].insert(p);
    calls_.emplace(id, entry{p, r.tokens, r.prefix});
  }

  /// The next, without retries the next first try. There must be one.
  call pop(bool retries) {
    place p = retries ? *line_.begin() : *line_.lower_bound(place{false, std::numeric_limits<int>::min(), 0});
    if (last_prefix_ != 0 && row_ < in_a_row) {
      const auto same = by_prefix_.find(last_prefix_);
      if (same != by_prefix_.end()) {
        const auto at = same->second.lower_bound(place{std::get<0>(p), std::get<1>(p), 0});
        if (at != same->second.end() && level(*at) == level(p)) p = *at;
      }
    }
    const auto id = std::get<2>(p);
    const entry e = calls_.at(id);
    row_ = e.prefix != 0 && e.prefix == last_prefix_ ? row_ + 1 : 1;
    last_prefix_ = e.prefix;
    erase(id);
    return {id, e.tokens, std::get<0>(p)};
  }

  void erase(limiter::call_id id) {
    const auto it = calls_.find(id);
    if (it == calls_.end()) return;
    line_.erase(it->second.at);
    if (std::get<0>(it->second.at)) retries_.erase(id);
    if (it->second.prefix != 0) {
      const auto same = by_prefix_.find(it->second.prefix);
      same->second.erase(it->second.at);
      if (same->second.empty()) by_prefix_.erase(same);
    }
    calls_.erase(it);
  }

 private:
  using place = std::tuple<bool, int, limiter::call_id>;  // a retry; less urgent; later
  struct before {                                         // retries first
    bool operator()(const place& a, const place& b) const noexcept {
      return std::tuple(!std::get<0>(a), std::get<1>(a), std::get<2>(a)) <
             std::tuple(!std::get<0>(b), std::get<1>(b), std::get<2>(b));
    }
  };
  static std::pair<bool, int> level(const place& p) noexcept { return {std::get<0>(p), std::get<1>(p)}; }
  struct entry {
    place at;
    std::int64_t tokens = 0;
    std::uint64_t prefix = 0;
  };

  std::set<place, before> line_;
  std::set<limiter::call_id> retries_;
  std::map<std::uint64_t, std::set<place, before>> by_prefix_;
  std::unordered_map<limiter::call_id, entry> calls_;
  std::uint64_t last_prefix_ = 0;
  int row_ = 0;
};

}  // namespace corchestra::llm
