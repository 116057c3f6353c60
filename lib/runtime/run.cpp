#include <corchestra/base/text.hpp>
#include <corchestra/runtime/run.hpp>

#include <boost/asio/prefer.hpp>
#include <boost/asio/this_coro.hpp>

#include "runtime/run_impl.hpp"

namespace corchestra {

const task_result* run_result::find(std::string_view id) const noexcept {
  for (const auto& r : results) {
    if (r.id == id) return &r;
  }
  return nullptr;
}

const std::string& run::id() const noexcept { return impl_->id(); }

namespace {

// Coroutines start late: they keep the run by a copy of its handle's pointer, never by the handle itself.
awaitable<result<void>> submit_to(std::shared_ptr<detail::run_impl> r, std::vector<task_call> calls) {
  for (;;) {
    const bool full = co_await detail::ask<bool>(r->strand(), [r] { return r->full() && !r->machine().finished(); });
    if (!full) break;
    co_await detail::suspend([r](detail::plain_handler handler) { r->wait_for_space(std::move(handler)); });
  }
  result<void> outcome = co_await detail::ask<result<void>>(r->strand(), [r, c = std::move(calls)]() mutable {
    auto submitted = r->machine().submit(std::move(c), r->now());
    r->after_event();
    return submitted;
  });
  co_return outcome;
}

awaitable<run_result> wait_for(std::shared_ptr<detail::run_impl> r) {
  const any_io_executor executor = co_await asio::this_coro::executor;
  const auto work = asio::prefer(executor, asio::execution::outstanding_work.tracked);
  co_await detail::suspend([r](detail::plain_handler handler) { r->on_end(std::move(handler)); });
  co_return r->outcome();
}

}  // namespace

awaitable<result<void>> run::submit(std::vector<task_call> calls) { return submit_to(impl_, std::move(calls)); }
awaitable<result<void>> run::try_submit(std::vector<task_call> calls) {
  return detail::ask<result<void>>(impl_->strand(), [r = impl_, c = std::move(calls)]() mutable -> result<void> {
    if (r->full() && !r->machine().finished()) {
      return fail(errc::queue_full, concat("the run has ", r->max_pending(), " task calls waiting, and takes no more before some have begun"));
    }
    auto submitted = r->machine().submit(std::move(c), r->now());
    r->after_event();
    return submitted;
  });
}
awaitable<run_result> run::wait() { return wait_for(impl_); }

awaitable<result<std::string>> run::spawn(std::string parent, task_call child) {
  return detail::ask<result<std::string>>(
      impl_->strand(), [r = impl_, p = std::move(parent), c = std::move(child)]() mutable -> result<std::string> {
        const task_index up = r->machine().find(p);
        if (up == no_task) return fail(errc::unknown_task, "the run has no task '" + p + "' to spawn a child of");
        const auto spawned = r->machine().spawn(up, std::move(c), r->now());
        auto id = spawned.has_value() ? result<std::string>(r->machine().call(*spawned).id) : spawned.error();
        r->after_event();  // after which a child that ended at once may be forgotten
        return id;
      });
}

void run::close() {
  impl_->post([](detail::run_impl& r) {
    r.machine().close(r.now());
    r.after_event();
  });
}

awaitable<std::size_t> run::cancel(std::string_view message, cancel_reason reason) {
  return detail::ask<std::size_t>(impl_->strand(), [r = impl_, text = std::string(message), reason] {
    const auto n = r->machine().cancel_run(reason, text, r->now());
    r->after_event();
    return n;
  });
}

awaitable<std::size_t> run::cancel_task(std::string id, std::string message) {
  return detail::ask<std::size_t>(impl_->strand(), [r = impl_, id = std::move(id), text = std::move(message)] {
    const auto n = r->machine().cancel_task(r->machine().find(id), cancel_reason::user, text, r->now());
    r->after_event();
    return n;
  });
}

awaitable<std::size_t> run::cancel_agent(std::string agent, std::string message) {
  return detail::ask<std::size_t>(impl_->strand(), [r = impl_, agent = std::move(agent), text = std::move(message)] {
    const auto n = r->machine().cancel_agent(agent, text, r->now());
    r->after_event();
    return n;
  });
}

void run::request_cancel(std::string message, cancel_reason reason) {
  impl_->post([text = std::move(message), reason](detail::run_impl& r) {
    r.machine().cancel_run(reason, text, r.now());
    r.after_event();
  });
}

void run::request_drain() {
  impl_->post([](detail::run_impl& r) {
    r.machine().drain(r.now());
    r.after_event();
  });
}

awaitable<void> run::pause(std::string agent) {
  return detail::run_on(impl_->strand(), [r = impl_, agent = std::move(agent)] {
    r->machine().pause(agent, r->now());
    r->after_event();
  });
}

awaitable<void> run::resume(std::string agent) {
  return detail::run_on(impl_->strand(), [r = impl_, agent = std::move(agent)] {
    r->machine().resume(agent, r->now());
    r->after_event();
  });
}

awaitable<result<void>> run::answer(std::string task_id, bool approved, std::string message) {
  return detail::ask<result<void>>(
      impl_->strand(), [r = impl_, id = std::move(task_id), approved, text = std::move(message)]() -> result<void> {
        const task_index t = r->machine().find(id);
        if (t == no_task) return fail(errc::unknown_task, concat("the run has no task ", quote(id)));
        auto answered = r->machine().answer(t, approved, text, r->now());
        r->after_event();
        return answered;
      });
}

void run::request_answer(std::string task_id, bool approved, std::string message) {
  impl_->post([id = std::move(task_id), approved, text = std::move(message)](detail::run_impl& r) {
    const task_index t = r.machine().find(id);
    if (t != no_task) (void)r.machine().answer(t, approved, text, r.now());
    r.after_event();
  });
}

awaitable<run_status> run::status() const {
  return detail::ask<run_status>(impl_->strand(), [r = impl_] { return r->status(); });
}
awaitable<run_metrics> run::metrics() const {
  return detail::ask<run_metrics>(impl_->strand(), [r = impl_] { return r->metrics(); });
}
awaitable<std::vector<lock_status>> run::locks() const {
  return detail::ask<std::vector<lock_status>>(impl_->strand(), [r = impl_] { return r->machine().locks(); });
}
awaitable<result<std::vector<std::string>>> run::why(std::string task_id) const {
  using lines = result<std::vector<std::string>>;
  return detail::ask<lines>(impl_->strand(), [r = impl_, id = std::move(task_id)]() -> lines {
    const task_index t = r->machine().find(id);
    if (t == no_task) return fail(errc::unknown_task, concat("the run has no task ", quote(id)));
    return r->machine().why(t, r->now());
  });
}
awaitable<std::vector<task_result>> run::results() const {
  return detail::ask<std::vector<task_result>>(impl_->strand(), [r = impl_] { return r->results(); });
}

}  // namespace corchestra
