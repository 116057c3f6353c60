#include <corchestra/runtime/task_context.hpp>

#include <exception>

#include <boost/asio/error.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/system/system_error.hpp>

#include <corchestra/core/run_trace.hpp>

#include "runtime/run_impl.hpp"

namespace corchestra {

const task_call& task_context::task() const noexcept {
  static const task_call forgotten;
  const auto& machine = attempt_->run->machine();
  return machine.known(attempt_->task) ? machine.call(attempt_->task) : forgotten;
}
std::uint32_t task_context::attempt() const noexcept { return attempt_->number; }
std::string_view task_context::run_id() const noexcept { return attempt_->run->id(); }
std::string task_context::idempotency_key() const {
  const auto& machine = attempt_->run->machine();
  std::string key = attempt_->run->id() + "/";
  if (!machine.known(attempt_->task)) return key;
  key += machine.stable_id(attempt_->task);
  if (const auto i = machine.iteration(attempt_->task); i > 1) key += "@" + std::to_string(i);
  return key;
}
any_io_executor task_context::executor() const noexcept { return attempt_->run->strand(); }

std::string task_context::trace_parent(std::uint32_t model_call) const {
  const auto& options = attempt_->run->machine().options().trace;
  if (!options) return {};
  if (!options->recorded) return options->parent.traceparent();
  const run_trace ids(attempt_->run->id(), options->parent);
  trace_context own = options->parent;
  own.trace = ids.trace();
  own.span = model_call == 0 ? ids.attempt(attempt_->task, attempt_->number)
                             : ids.model_call(attempt_->task, attempt_->number, model_call);
  return own.traceparent();
}

std::string_view task_context::trace_state() const noexcept {
  const auto& options = attempt_->run->machine().options().trace;
  return options ? std::string_view(options->parent.state) : std::string_view();
}

const task_result* task_context::upstream(std::string_view id) const noexcept {
  const auto& machine = attempt_->run->machine();
  const task_index t = machine.find(id);
  return t == no_task ? nullptr : machine.result_of(t);
}

std::uint32_t task_context::iteration() const noexcept {
  return attempt_->live ? attempt_->run->machine().iteration(attempt_->task) : 1;
}
const json* task_context::previous() const noexcept {
  return attempt_->live ? attempt_->run->machine().previous_output(attempt_->task) : nullptr;
}
const json* task_context::inputs() const noexcept { return attempt_->run->machine().inputs(); }
const json& task_context::shared_state() const noexcept { return attempt_->run->machine().shared_state(); }
std::uint64_t task_context::fence(std::string_view resource) const noexcept {
  return attempt_->live ? attempt_->run->machine().fence(attempt_->task, resource) : 0;
}

void task_context::report_progress(double fraction, std::string_view message) {
  auto& r = *attempt_->run;
  if (attempt_->live && r.machine().progress(attempt_->task, attempt_->number, fraction, message, r.now())) r.after_event();
}

void task_context::heartbeat() {
  auto& r = *attempt_->run;
  if (attempt_->live && r.machine().heartbeat(attempt_->task, attempt_->number, r.now())) r.after_event();
}

void task_context::report_usage(const token_usage& usage, json details, std::optional<budget_amount> spent,
                                budget_reservation* settles) {
  auto& r = *attempt_->run;
  if (!attempt_->live) return;
  const std::uint64_t reservation = settles != nullptr ? std::exchange(settles->id_, 0) : 0;
  r.machine().model_call(attempt_->task, attempt_->number, usage, std::move(details), r.now(), spent, reservation);
  r.after_event();  // what is used up may stop something
}

void task_context::report_tool_started(json details) {
  auto& r = *attempt_->run;
  if (!attempt_->live) return;
  if (r.machine().tool_call(attempt_->task, attempt_->number, event_type::tool_started, std::move(details), r.now()))
    r.after_event();
}

void task_context::report_tool_ended(json details) {
  auto& r = *attempt_->run;
  if (!attempt_->live) return;
  if (r.machine().tool_call(attempt_->task, attempt_->number, event_type::tool_ended, std::move(details), r.now()))
    r.after_event();
}

std::uint32_t task_context::next_model_call() noexcept { return ++attempt_->model_calls; }

void task_context::report_model_call(const token_usage& usage, const error* failure, json details) {
  auto& r = *attempt_->run;
  if (attempt_->live)
    r.machine().model_call_ended(attempt_->task, attempt_->number, usage, failure, std::move(details), r.now());
}

void task_context::warn(std::string_view message) {
  auto& r = *attempt_->run;
  if (attempt_->live) r.machine().warn(attempt_->task, attempt_->number, message, r.now());
}

result<std::string> task_context::spawn(task_call child) {
  if (!attempt_->live) return fail(errc::not_running, "this attempt has ended");
  return attempt_->run->machine().stage(attempt_->task, attempt_->number, std::move(child));
}

std::size_t task_context::room_for_children() const {
  return attempt_->live ? attempt_->run->machine().room_for_children(attempt_->task) : 0;
}

result<void> task_context::replan() {
  if (!attempt_->live) return fail(errc::not_running, "this attempt has ended");
  auto& r = *attempt_->run;
  auto done = r.machine().replan(attempt_->task, attempt_->number, r.now());
  r.after_event();
  return done;
}

awaitable<result<approval_answer>> task_context::ask(approval_rule question) {
  const auto a = attempt_;
  auto& r = *a->run;
  if (!a->live) co_return fail(errc::not_running, "this attempt has ended");
  const result<void> asked = r.machine().ask(a->task, a->number, std::move(question), r.now());
  if (asked.has_error()) co_return asked.error();
  const auto over = [a](bool cut) {
    if (cut && a->live) a->run->machine().withdraw_question(a->task, a->number);
    return true;
  };
  auto answer = detail::suspend([a](detail::plain_handler handler) { a->run->wait_for_answer(a, std::move(handler)); });
  co_await wait_for(wait_reason::approval, std::move(answer), over);
  co_return a->answered;
}

awaitable<result<task_result>> task_context::call(task_call child) {
  const auto a = attempt_;
  auto& r = *a->run;
  if (!a->live) co_return fail(errc::not_running, "this attempt has ended");
  const result<task_index> spawned = r.machine().spawn(a->task, std::move(child), r.now(), true);
  if (spawned.has_error()) co_return spawned.error();
  const task_index c = *spawned;
  if (const task_result* ended = r.machine().result_of(c)) {
    task_result known = *ended;
    r.after_event();  // its end may have stopped others
    co_return known;
  }
  const auto awaited = r.await_child(c, a);
  const auto over = [this, &r, awaited, c](bool cut) {
    if (cut) r.give_up_child(c, task().id);
    return !awaited->left;
  };
  auto end = detail::suspend([a, c](detail::plain_handler handler) { a->run->wait_for_end_of(c, std::move(handler)); });
  co_await wait_for(wait_reason::child, std::move(end), over);
  co_return std::move(*awaited->result);
}

bool task_context::cancelled() const noexcept {
  return !attempt_->live || attempt_->run->machine().abort_requested(attempt_->task);
}

cancel_reason task_context::why_cancelled() const noexcept {
  return attempt_->run->machine().abort_reason(attempt_->task);
}

awaitable<void> task_context::wait_for(wait_reason reason, awaitable<void> what, std::function<bool(bool cut)> over) {
  const auto a = attempt_;
  auto& r = *a->run;
  if (a->live) {
    r.machine().attempt_waits(a->task, a->number, reason, r.now());
    r.resume_now(*a);  // who wanted the slot for another wait's end goes on without it
    r.after_event();
  }
  std::exception_ptr failure;
  try {
    co_await std::move(what);
  } catch (...) {
    failure = std::current_exception();
  }
  const bool to_be_left = !over || over(failure != nullptr);
  if (to_be_left && a->live) r.machine().attempt_leaves_wait(a->task, a->number, reason, r.now());

  // The slot again, whatever cancels the waiting for it, unless the attempt itself is to stop. What cancelled it is thrown then.
  const bool throws = co_await asio::this_coro::throw_if_cancelled();
  co_await asio::this_coro::throw_if_cancelled(false);
  std::exception_ptr cut;
  for (bool regained = false; a->live && !regained;) {
    const auto heard = co_await asio::this_coro::cancellation_state;
    if (throws && heard.cancelled() != asio::cancellation_type::none && cancelled()) {
      cut = std::make_exception_ptr(boost::system::system_error(asio::error::operation_aborted));
      break;
    }
    try {
      co_await detail::suspend([a](detail::plain_handler handler) { a->run->wait_for_slot(a, std::move(handler)); });
      regained = true;
    } catch (...) {
      cut = std::current_exception();
    }
  }
  co_await asio::this_coro::throw_if_cancelled(throws);
  if (cut) std::rethrow_exception(cut);
  if (failure) std::rethrow_exception(failure);
}

}  // namespace corchestra
