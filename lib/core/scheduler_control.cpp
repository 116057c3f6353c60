#include "core/scheduler_impl.hpp"

namespace corchestra {

void scheduler::impl::hold(task_index t, std::vector<task_index>& in, time_point now) {
  step_aside(t, now);
  in.push_back(t);
  set_state(t, task_state::waiting, wait_reason::paused, now);
  free_kept_locks(t, now);
}

// That it keeps over a back-off: a pause may be long.
void scheduler::impl::free_kept_locks(task_index t, time_point now) {
  record& r = records[t];
  if (!keeps_locks(r)) return;
  release(t, false, true, now);
  lower_priority(r);
}

void scheduler::impl::free_locks_in_pause(time_point now) {
  for (task_index t = 0; t < records.size(); ++t) {
    if (!records.holds(t) || !keeps_locks(records[t]) || !is_held_back(records[t])) continue;
    if (records[t].waiting == wait_reason::backoff) {
      free_kept_locks(t, now);
    } else {  // it waits for something else
      unqueue(t, now);
      make_ready(t, now);
    }
  }
}

void scheduler::pause(std::string_view agent, time_point now) {
  auto& s = *impl_;
  if (s.ended) return;
  if (!agent.empty()) {
    auto& a = s.agents[s.agent_of(agent)];
    if (std::exchange(a.paused, true)) return;
    s.publish(event_type::run_paused, now, json{{"agent", agent}});
    return s.hold_queued(now);
  }
  if (s.state != run_state::running) return;
  s.state = run_state::paused;
  s.publish(event_type::run_paused, now);
  s.hold_queued(now);
}

// Those that only lack a slot wait for the resume, of the run or of their agent; attempts under way keep their place.
void scheduler::impl::hold_queued(time_point now) {
  const auto stays = [&](task_index t) {
    const record& r = records[t];
    return r.phase() != phase::none || !is_held_back(r);
  };
  bring_back();
  std::vector<detail::start_queue::entry> keep;
  detail::start_queue::entry e;
  while (ready.pop(e, now)) {
    ready.refund(e);
    if (!records.holds(e.task) || records[e.task].ticket != e.ticket) continue;
    if (stays(e.task)) {
      keep.push_back(e);
      continue;
    }
    auto& r = records[e.task];
    ++r.ticket;
    r.queued = false;
    make_ready(e.task, now);
  }
  for (const auto& k : keep) ready.push(k);
  std::vector<task_index> heavy;
  for (const auto& [weight, line] : rare().heavy_waiters) {
    for (const auto& w : line) heavy.push_back(w.second);
  }
  for (const task_index t : heavy) {
    if (stays(t)) continue;
    hold_heavy(t, false);
    make_ready(t, now);
  }
  free_locks_in_pause(now);
  settle(now);
  check_end(now);
}

void scheduler::resume(std::string_view agent, time_point now) {
  auto& s = *impl_;
  if (s.ended) return;
  std::vector<task_index> held;
  if (agent.empty()) {
    if (s.state != run_state::paused) return;
    s.state = run_state::running;
    s.publish(event_type::run_resumed, now);
    held = std::exchange(s.paused_tasks, {});
  } else {
    auto& a = s.agents[s.agent_of(agent)];
    if (!std::exchange(a.paused, false)) return;
    s.publish(event_type::run_resumed, now, json{{"agent", agent}});
    held = std::exchange(a.held, {});
  }
  for (const task_index t : held) {
    if (known(t) && s.records[t].state == task_state::waiting && s.records[t].waiting == wait_reason::paused) s.make_ready(t, now);
  }
  s.settle(now);
  s.check_end(now);
}

bool scheduler::known(task_index task) const noexcept {
  return impl_->records.holds(task) && !impl_->records[task].call->id.empty();
}

bool scheduler::paused(std::string_view agent) const noexcept {
  if (agent.empty()) return impl_->state == run_state::paused;
  return std::any_of(impl_->agents.begin(), impl_->agents.end(), [&](const auto& a) { return a.name == agent && a.paused; });
}

void scheduler::impl::ask_approval(task_index t, const approval_rule& rule, time_point now) {
  record& r = records[t];
  extra& x = more_of(r);
  x.asked = true;
  rare().asked.insert(t);
  ++x.question;
  x.approve_by_default = rule.approve_by_default;
  x.question_text = rule.message;
  if (r.phase() == phase::none) set_state(t, task_state::waiting, wait_reason::approval, now);
  json data{{"message", rule.message}};
  if (rule.timeout) {
    set_alarm({detail::later(now, *rule.timeout), t, x.question, alarm::kind::approval});
    data["timeout_ms"] = std::chrono::duration_cast<std::chrono::milliseconds>(*rule.timeout).count();
    data["default"] = rule.approve_by_default ? "approve" : "reject";
  }
  publish(event_type::approval_requested, t, now, std::move(data));
}

void scheduler::impl::answered(task_index t, bool approved, bool by_default, std::string_view message, time_point now) {
  record& r = records[t];
  extra& x = *r.more;
  x.asked = false;
  rare().asked.erase(t);
  ++x.question;
  json data{{"approved", approved}};
  if (by_default) data["by_default"] = true;
  if (!message.empty()) data["message"] = message;
  publish(event_type::approval_answered, t, now, std::move(data));
  if (r.phase() != phase::none) {
    answers.push_back({t, r.attempts, approved, by_default ? std::string("no answer in time") : std::string(message)});
    return;
  }
  if (approved) {
    x.approved = true;
    admit(t, now);
    return;
  }
  const std::string text = by_default ? concat("approval: no answer within ", to_text(*r.rules()->approval->timeout))
                                      : concat("approval: refused", message.empty() ? "" : ": ", message);
  if (by_default) {
    end_unstarted(t, task_state::timeout, cancel_reason::none, errc::timeout, text, now);
  } else {
    end_unstarted(t, task_state::cancelled, cancel_reason::user, errc::cancelled, text, now);
  }
  settle(now);
  check_end(now);
}

result<void> scheduler::ask(task_index task, std::uint32_t attempt, approval_rule question, time_point now) {
  auto& s = *impl_;
  auto& r = s.records[task];
  if (r.attempts != attempt || r.phase() == impl::phase::none || r.abandoned) {
    return fail(errc::not_running, concat("task ", quote(r.call->id), ": this attempt has ended"));
  }
  if (r.more && r.more->asked) {
    return fail(errc::invalid_argument, concat("task ", quote(r.call->id), " waits for the answer to another question"));
  }
  if (question.timeout && *question.timeout <= duration::zero()) {
    return fail(errc::invalid_argument, concat("task ", quote(r.call->id), ": the time limit of a question must be above zero"));
  }
  s.ask_approval(task, question, now);
  return {};
}

void scheduler::withdraw_question(task_index task, std::uint32_t attempt) {
  auto& s = *impl_;
  auto& r = s.records[task];
  if (r.attempts != attempt || !r.more || !std::exchange(r.more->asked, false)) return;
  ++r.more->question;
  s.rare().asked.erase(task);
}

result<void> scheduler::answer(task_index task, bool approved, std::string_view message, time_point now) {
  auto& s = *impl_;
  if (!known(task)) return fail(errc::unknown_task, "the run has no such task");
  if (s.ended) return fail(errc::not_running, "the run has ended");
  const auto& r = s.records[task];
  if (!r.more || !r.more->asked || is_terminal(r.state)) {
    return fail(errc::invalid_argument, concat("task ", quote(r.call->id), " does not wait for approval"));
  }
  s.answered(task, approved, false, message, now);
  return {};
}

std::vector<scheduler::answer_command> scheduler::take_answers() { return std::exchange(impl_->answers, {}); }

}  // namespace corchestra
