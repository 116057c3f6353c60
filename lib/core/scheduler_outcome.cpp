// What becomes of an attempt that has ended: the parts of it that plans and users decide.
#include "core/same_answer.hpp"
#include "core/scheduler_impl.hpp"
#include "core/state_reducers.hpp"

namespace corchestra {

bool scheduler::impl::says_enough(const loop_rule& loop, const task_output& output) {
  const auto at = at_pointer(output.value, loop.pointer);
  return at && detail::same_answer(*at, loop.until);
}

error scheduler::impl::loop_error(const record& r, const task_output& output) const {
  const auto& loop = *r.rules()->repeat;
  const auto at = at_pointer(output.value, loop.pointer);
  return fail(errc::limit_exceeded,
              concat("the loop did not end within ", loop.max_iterations,
                     " iterations: ", loop.pointer.empty() ? "its output" : loop.pointer, " is ",
                     at ? one_line(dump_json(*at), 80) : "missing", ", not ", one_line(dump_json(loop.until), 80)));
}

boxed<error> scheduler::impl::merge_output(const record& r, const task_output& output) {
  if (!r.rules() || r.rules()->state_key.empty()) return {};
  if (state_values.is_null()) state_values = json::object();
  const auto merged = merge_state(state_values, *options, r.rules()->state_key, output.value);
  if (merged.has_error()) return in_place(merged.error(), concat("the output of ", quote(r.call->id)));
  return {};
}

// What a body chooses must wait for it, as what a branch rule names must.
boxed<error> scheduler::impl::check_branch(const record& r, const std::vector<std::string>& chosen) const {
  const auto any_forgotten = [&] {
    for (auto e = r.first_edge; e != none; e = edges[e].next) {
      if (!records.holds(edges[e].to) || records[edges[e].to].call->id.empty()) return true;
    }
    return false;
  };
  const auto wrong = [&](errc code, const std::string& id, std::string_view what) {
    return fail(code, concat("the output of ", quote(r.call->id), ": its branch names ", quote(id), ", which ", what));
  };
  for (const auto& id : chosen) {
    const task_index t = find(id);
    if (t == no_task) {
      if (is_staged(r, id) || any_forgotten()) continue;  // it may be a dependant that did not wait for this task
      return wrong(errc::unknown_task, id, "is no task of the run");
    }
    const auto& needs = records[t].call->depends_on;
    if (std::find(needs.begin(), needs.end(), r.call->id) == needs.end()) {
      return wrong(errc::invalid_argument, id, "does not depend on it");
    }
  }
  return {};
}

// Whether and when it is tried again. May put another output in the failure's place.
scheduler::impl::next_try scheduler::impl::after_failure(task_index t, boxed<error>& failure, task_output& output, bool& loops_on, time_point now) {
  record& r = records[t];
  live& l = *r.now_running;
  if (l.aborting) failure = fail(l.timed_out ? errc::timeout : errc::cancelled, std::move(l.why_text));
  const bool ran_out = l.aborting && l.timed_out && l.retry_after_timeout;  // of this attempt's time, not the task's
  if (l.aborting && !ran_out) return {};
  error_decision decision;
  if (failure && (!l.aborting || ran_out) && options->on_error) decision = decide(t, *failure, now);
  using action = error_decision::action;
  if (decision.what == action::substitute) {
    output = task_output(std::move(decision.output));
    failure = check_output(t, output);
    l.aborting = false;
    loops_on = !failure && loop_goes_on(r, output);
    if (!failure && !loops_on) failure = merge_output(r, output);
  }
  const bool hopeless = decision.what == action::fail || decision.what == action::substitute;
  const auto& policy = policy_of(r);
  const bool once = r.rules() && r.rules()->effect == effect_class::at_most_once;
  const bool retryable = failure && !once && (!l.aborting || ran_out) && !hopeless &&
                         (failure->retry != retry_class::terminal || decision.what == action::retry);
  const bool again = retryable && l.tries <= static_cast<std::uint32_t>(policy.max_retries);
  next_try next;
  next.pause = failure && !once && (!l.aborting || ran_out) && !hopeless && !goes_on(r) &&
               (decision.what == action::pause || (!again && policy.pause_when_exhausted));
  next.delay = next.pause ? failure->retry_after.value_or(std::chrono::milliseconds(0))
               : !again   ? duration::zero()
               : decision.what == action::retry ? std::max(decision.delay, duration::zero())
                                                : backoff(r, *failure);
  next.in_time = again && (deadline_of(r) == never || detail::later(now, next.delay) < deadline_of(r));
  if (again && !next.in_time) {
    failure->message += concat("; the next try in ", to_text(next.delay), " would be after the ", r.more->deadline_name);
  }
  return next;
}

// What the user's handler says; when it throws, the standard decision.
error_decision scheduler::impl::decide(task_index t, const error& e, time_point now) {
  const record& r = records[t];
  std::string what;
  try {
    auto decision = options->on_error(*r.call, r.attempts, e);
    // A limit that was hit is never a success.
    if (decision.what == error_decision::action::substitute && r.now_running->capped)
      decision.what = error_decision::action::fail;
    return decision;
  } catch (const std::exception& x) {
    what = x.what();
  } catch (...) {
    what = "something that is not a std::exception";
  }
  publish(event_type::warning, t, now, json{{"message", concat("on_error threw: ", what)}});
  return {};
}

}  // namespace corchestra
