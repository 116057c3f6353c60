#include <corchestra/core/time_attribution.hpp>

#include <algorithm>
#include <unordered_map>

#include "core/task_blocks.hpp"

namespace corchestra {

namespace {

constexpr std::string_view use_names[time_use_count] = {"deps", "approval", "budget", "rate",  "lock",
                                                        "slot", "backoff",  "paused", "child", "run"};
constexpr std::size_t most_spans = 32;

time_use use_of(wait_reason w, time_use without) noexcept {
  switch (w) {
    case wait_reason::deps:
      return time_use::deps;
    case wait_reason::approval:
      return time_use::approval;
    case wait_reason::budget:
      return time_use::budget;
    case wait_reason::rate:
      return time_use::rate;
    case wait_reason::lock:
      return time_use::lock;
    case wait_reason::backoff:
      return time_use::backoff;
    case wait_reason::paused:
      return time_use::paused;
    case wait_reason::child:
      return time_use::child;
    case wait_reason::slot:
      return time_use::slot;
    case wait_reason::none:
      break;
  }
  return without;
}

time_use use_after(const event& e) noexcept {
  switch (e.type) {
    case event_type::attempt_started:
      return time_use::run;
    case event_type::attempt_ended:
      return e.retry_in ? time_use::backoff : time_use::run;
    default:
      return use_of(e.waiting, e.state == task_state::running ? time_use::run : time_use::slot);
  }
}

}  // namespace

std::string_view to_string(time_use u) noexcept { return use_names[static_cast<std::size_t>(u)]; }

duration time_shares::total() const noexcept {
  duration sum{};
  for (const duration d : spent) sum += d;
  return sum;
}

time_shares& time_shares::operator+=(const time_shares& o) noexcept {
  for (std::size_t i = 0; i < spent.size(); ++i) spent[i] += o.spent[i];
  return *this;
}

struct time_attribution::impl {
  struct task {
    time_shares shares;
    time_point since{};
    time_use use{};
    bool in_attempt = false;
    std::vector<time_span> spans;
  };

  /// Where an ended task's shares stand in `pool`: one for each bit that is set, in order of uses.
  struct kept {
    std::uint64_t first : 48 = 0;
    std::uint64_t uses : 16 = 0;
  };

  keep what;
  detail::task_blocks<task> tasks;
  std::vector<kept> ended;  // by number
  std::vector<duration> pool;
  std::unordered_map<task_index, std::vector<time_span>> ended_spans;
  time_shares sum;
  time_point last{};

  void turn_to(task& t, time_use use, time_point at, bool in_attempt) {
    t.shares[t.use] += at - t.since;
    t.since = at;
    t.use = use;
    if (what == keep::spans) note(t, at, in_attempt ? time_use::run : use);
    t.in_attempt = in_attempt;
  }

  static void note(task& t, time_point at, time_use use) {
    if (!t.spans.empty() && t.spans.back().from == at) t.spans.pop_back();
    if ((!t.spans.empty() && t.spans.back().use == use) || t.spans.size() == most_spans) return;
    t.spans.push_back({at, use});
  }

  void submitted(const event& e) {
    task& t = tasks.add(e.task);
    t.since = e.at;
    t.use = e.state == task_state::pending && !e.needs.empty() ? time_use::deps : use_after(e);
    if (what == keep::spans) note(t, e.at, t.use);
  }

  void changed(task& t, const event& e) {
    const bool in_attempt = e.type == event_type::attempt_started || e.state == task_state::running;
    turn_to(t, use_after(e), e.at, in_attempt && !(e.type == event_type::attempt_ended && e.retry_in));
  }

  void end(task& t, const event& e) {
    t.shares[t.use] += e.at - t.since;
    sum += t.shares;
    if (what != keep::totals) remember(e.task, t);
    tasks.remove(e.task);
  }

  void remember(task_index n, task& t) {
    if (n >= ended.size()) ended.resize(n + 1);
    unsigned uses = 0;
    ended[n].first = pool.size();
    for (std::size_t u = 0; u < t.shares.spent.size(); ++u) {
      if (t.shares.spent[u] == duration::zero()) continue;
      uses |= 1u << u;
      pool.push_back(t.shares.spent[u]);
    }
    ended[n].uses = static_cast<std::uint16_t>(uses | ended_bit);
    if (what == keep::spans) {
      t.spans.shrink_to_fit();
      ended_spans.emplace(n, std::move(t.spans));
    }
  }

  static constexpr unsigned ended_bit = 1u << 15;

  time_shares shares_of(const task& t, time_point now) const {
    time_shares out = t.shares;
    out[t.use] += std::max(now - t.since, duration::zero());
    return out;
  }
};

time_attribution::time_attribution(keep what) : impl_(std::make_unique<impl>()) { impl_->what = what; }
time_attribution::~time_attribution() = default;
time_attribution::time_attribution(time_attribution&&) noexcept = default;
time_attribution& time_attribution::operator=(time_attribution&&) noexcept = default;

void time_attribution::operator()(const event& e) {
  auto& s = *impl_;
  s.last = std::max(s.last, e.at);
  if (e.task == no_task) return;
  if (e.type == event_type::task_submitted) return s.submitted(e);
  const bool tells = e.type == event_type::task_state_changed || e.type == event_type::attempt_started ||
                     e.type == event_type::attempt_ended || e.type == event_type::task_ended;
  auto* task = tells ? s.tasks.find(e.task) : nullptr;
  if (!task) return;
  if (e.type == event_type::task_ended) {
    s.end(*task, e);
  } else {
    s.changed(*task, e);
  }
}

time_shares time_attribution::totals() const { return totals(impl_->last); }

time_shares time_attribution::totals(time_point now) const {
  time_shares out = impl_->sum;
  impl_->tasks.each([&](task_index, const impl::task& t) { out += impl_->shares_of(t, now); });
  return out;
}

std::optional<time_shares> time_attribution::of(task_index task) const {
  const auto& s = *impl_;
  if (const auto* t = s.tasks.find(task)) return s.shares_of(*t, s.last);
  if (task >= s.ended.size() || s.ended[task].uses == 0) return std::nullopt;
  time_shares out;
  std::size_t at = s.ended[task].first;
  for (std::size_t u = 0; u < out.spent.size(); ++u) {
    if (s.ended[task].uses >> u & 1) out.spent[u] = s.pool[at++];
  }
  return out;
}

std::vector<time_span> time_attribution::spans(task_index task) const {
  const auto& s = *impl_;
  if (const auto* t = s.tasks.find(task)) return t->spans;
  const auto it = s.ended_spans.find(task);
  return it == s.ended_spans.end() ? std::vector<time_span>{} : it->second;
}

}  // namespace corchestra
