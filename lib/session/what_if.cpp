#include <corchestra/session/what_if.hpp>

#include <algorithm>
#include <queue>
#include <set>

#include <corchestra/base/text.hpp>
#include <corchestra/core/scheduler.hpp>

#include "session/makespan.hpp"

namespace corchestra {

namespace {

constexpr std::size_t most_steps = 100'000'000;

optional_duration known_duration(const task_call& t, const duration_book* book) {
  if (t.rules && t.rules->expected_duration) return t.rules->expected_duration;
  return book ? book->expected(t.task_type, t.agent) : optional_duration{};
}

/// The plan without what only a real output could decide.
task_plan foreseeable(const task_plan& plan, what_if_result& out) {
  task_plan p = plan;
  p.options.stay_open = false;
  p.options.keep = keep_results::all;
  p.options.custom_reducers.clear();
  std::size_t loops = 0, branches = 0, approvals = 0;
  for (task_call& t : p.tasks) {
    if (!known_duration(t, p.options.durations.get())) ++out.assumed;
    t.limits.heartbeat_timeout = {};
    if (!t.rules) continue;
    task_rules& r = *t.rules;
    loops += r.repeat ? 1 : 0;
    branches += r.branch ? 1 : 0;
    approvals += r.approval ? 1 : 0;
    r.repeat.reset();
    r.output_schema = nullptr;
    r.state_key.clear();
  }
  const auto assume = [&](std::size_t n, std::string_view text) {
    if (n > 0) out.assumptions.emplace_back(text);
  };
  out.tasks = p.tasks.size();
  if (out.assumed > 0) {
    out.assumptions.push_back(concat(out.assumed, " of ", out.tasks,
                                     " tasks have no known duration: ", to_text(assumed_duration), " each is assumed"));
  }
  assume(branches, "every branch is taken");
  assume(loops, "loops run once");
  assume(approvals, "every question is answered with yes at once");
  return p;
}

/// One run under a time of its own.
class foresight {
 public:
  foresight(task_plan plan, std::uint32_t slots) : plan_(std::move(plan)) {
    plan_.options.limits.max_concurrent_tasks = slots;
  }

  result<foreseen_run> run() {
    scheduler s("what-if", plan_.options, [this](const event& e) { observe(e); });
    if (const auto valid = s.validate(plan_.tasks); valid.has_error()) return valid.error();
    s.begin(std::move(plan_.tasks), now_);
    for (std::size_t steps = 0; !s.finished(); ++steps) {
      answer(s);
      start(s);
      stop(s);
      if (s.finished()) break;
      if (steps == most_steps || !move_on(s))
        return fail(errc::limit_exceeded, concat("the plan would not end: ", stuck(s)));
    }
    return report(s);
  }

 private:
  struct end {
    time_point at;
    std::size_t order;
    task_index task;
    std::uint32_t attempt;
    bool operator>(const end& o) const noexcept { return std::tie(at, order) > std::tie(o.at, o.order); }
  };

  void observe(const event& e) {
    timeline_(e);
    attribution_(e);
    if (e.type == event_type::attempt_started && e.attempt == 1) out_.order.emplace_back(e.task_id);
  }

  void answer(scheduler& s) {
    for (const auto& [task, question] : s.approvals()) (void)s.answer(task, true, {}, now_);
  }

  void start(scheduler& s) {
    while (const auto command = s.next_start(now_)) {
      const duration takes =
          known_duration(s.call(command->task), s.options().durations.get()).value_or(assumed_duration);
      ends_.push({now_ + takes, ++started_, command->task, command->attempt});
    }
  }

  void stop(scheduler& s) {
    for (const auto& a : s.take_aborts()) s.attempt_ended(a.task, a.attempt, {}, now_);
  }

  bool move_on(scheduler& s) {
    const auto due = s.next_deadline();
    if (ends_.empty() && !due) return false;
    const bool first_due = due && (ends_.empty() || *due < ends_.top().at);
    now_ = std::max(now_, first_due ? *due : ends_.top().at);
    while (!ends_.empty() && ends_.top().at <= now_) {
      const end e = ends_.top();
      ends_.pop();
      s.attempt_ended(e.task, e.attempt, {{}, output_of(s.call(e.task))}, now_);
    }
    s.advance(now_);
    return true;
  }

  static task_output output_of(const task_call& t) {
    task_output o;
    if (!t.rules || !t.rules->branch) return o;
    std::vector<std::string> all = t.rules->branch->otherwise;
    for (const auto& c : t.rules->branch->cases) all.insert(all.end(), c.tasks.begin(), c.tasks.end());
    o.branch = std::move(all);
    return o;
  }

  std::string stuck(const scheduler& s) const {
    for (task_index t = 0; t < s.size(); ++t) {
      if (s.known(t) && !is_terminal(s.state(t))) return join(s.why(t, now_), "; ");
    }
    return "nothing is left to do";
  }

  foreseen_run report(const scheduler& s) {
    out_.metrics = s.metrics(now_);
    out_.timeline = timeline_.value();
    for (const auto& r : s.results()) {
      const task_call& t = s.call(s.find(r->id));
      if (r->attempts > 0 && t.rules) out_.cost += t.rules->reserve;
      if (!r->success()) out_.troubles.push_back(concat(r->id, " ", to_string(r->state), ": ", r->reason));
    }
    explain_makespan(s, attribution_, out_);
    return std::move(out_);
  }

  task_plan plan_;
  time_point now_{};
  std::priority_queue<end, std::vector<end>, std::greater<>> ends_;
  std::size_t started_ = 0;
  timeline_fold timeline_;
  time_attribution attribution_{time_attribution::keep::spans};
  foreseen_run out_;
};

}  // namespace

std::string foreseen_run::limited_by() const {
  for (const makespan_share& s : shares) {
    if (s.use == time_use::run || s.time * 100 < metrics.wall) continue;
    if (!s.resource.empty()) return s.resource;
    if (s.use == time_use::slot) return "slots";
    return s.use == time_use::deps ? "barriers between levels" : std::string(to_string(s.use));
  }
  return "the critical path";
}

result<what_if_result> what_if(const task_plan& plan, std::span<const std::uint32_t> slots) {
  what_if_result out;
  const task_plan p = foreseeable(plan, out);
  std::vector<std::uint32_t> numbers(slots.begin(), slots.end());
  if (numbers.empty()) numbers.push_back(p.options.limits.max_concurrent_tasks);
  for (const std::uint32_t n : numbers) {
    if (n == 0) return fail(errc::invalid_argument, "slots: expected at least 1, got 0");
    auto run = foresight(p, n).run();
    if (run.has_error()) return run.error();
    out.runs.push_back(std::move(*run));
  }
  return out;
}

}  // namespace corchestra
