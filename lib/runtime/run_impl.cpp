#include "runtime/run_impl.hpp"

#include <boost/asio/associated_cancellation_slot.hpp>
#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/error.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/strand.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <chrono>

#include <corchestra/base/text.hpp>

namespace corchestra::detail {

namespace {
constexpr auto callback_budget = std::chrono::milliseconds(100);
constexpr std::string_view source = "runtime";
}  // namespace

run_impl::run_impl(any_io_executor executor, std::string run_id, run_options options, agent_registry agents,
                   run_callbacks callbacks, orchestrator_options settings)
    : executor_(std::move(executor)),
      strand_(asio::make_strand(executor_)),
      time_(time_service::of(executor_)),
      agents_(std::move(agents)),
      callbacks_(std::move(callbacks)),
      settings_(std::move(settings)),
      scheduler_(std::move(run_id), std::move(options), [this](const event& e) { observe(e); },
                 [this](std::string_view name) { return agents_.find(name) != nullptr; }) {}

void run_impl::launch(std::vector<task_call> calls) {
  shutdown_service::add(executor_, weak_from_this());
  asio::post(strand_, [self = shared_from_this(), c = std::move(calls)]() mutable {
    self->anchor_ = self->time_.anchor();
    self->timer_ = self->time_.make_timer(self->strand_);
    self->launched_ = true;
    self->scheduler_.begin(std::move(c), self->now());
    self->after_event();
  });
}

void run_impl::post(std::function<void(run_impl&)> f) {
  asio::post(strand_, [self = shared_from_this(), f = std::move(f)] { f(*self); });
}

void run_impl::shutdown() noexcept {
  ending_ = true;
  timer_.reset();
  const auto idle = std::exchange(idle_, {});
  const auto busy = std::exchange(worker_of_, {});
  for (const auto& w : idle) w->parked = nullptr;
  for (const auto& w : busy) {
    if (w && w->current) w->current->resume.clear();
  }
  space_waiters_.clear();
  task_waiters_.clear();
  for (const auto& h : end_waiters_) *h = nullptr;
  end_waiters_.clear();
}

void run_impl::on_end(plain_handler handler) {
  auto shared = std::make_shared<plain_handler>(std::move(handler));
  auto slot = asio::get_associated_cancellation_slot(*shared);
  if (slot.is_connected()) {
    slot.assign([weak = weak_from_this(), shared](asio::cancellation_type) {
      const auto self = weak.lock();
      if (!self) return;
      // On the strand, so that one side wins.
      self->post([shared](run_impl& r) {
        if (*shared) complete(r.strand_, std::move(*shared), asio::error::operation_aborted);
      });
    });
  }
  post([shared](run_impl& r) {
    if (!*shared) return;
    if (r.told_) {
      complete(r.strand_, std::move(*shared));
    } else {
      r.end_waiters_.push_back(shared);
    }
  });
}

// Scheduler commands --------------------------------------------------------------------------------------------------

void run_impl::after_event() {
  abort_attempts();
  if (scheduler_.finished()) {
    end();
  } else {
    while (const auto command = take()) assign(*command);
    abort_attempts();
  }
  for (const task_index t : std::exchange(just_ended_, {})) {
    const auto it = task_waiters_.find(t);
    if (it == task_waiters_.end()) continue;
    for (auto& h : it->second) complete(strand_, std::move(h));
    task_waiters_.erase(it);
  }
  if (!space_waiters_.empty() && (!full() || scheduler_.finished())) {
    for (auto& h : std::exchange(space_waiters_, {})) complete(strand_, std::move(h));
  }
  arm();
}

std::optional<scheduler::start_command> run_impl::take() {
  while (auto command = scheduler_.next_start(now())) {
    if (!command->resume) return command;
    resume(command->task);
  }
  return std::nullopt;
}

void run_impl::assign(const scheduler::start_command& command) {
  if (!idle_.empty()) {
    auto w = std::move(idle_.back());
    idle_.pop_back();
    w->next = command;
    complete(strand_, std::move(w->parked));
    return;
  }
  auto w = std::make_shared<worker>();
  w->next = command;
  ++workers_;
  asio::co_spawn(strand_, work(shared_from_this(), w),
                 asio::bind_cancellation_slot(w->signal.slot(), [self = shared_from_this(), w](std::exception_ptr) {
                   --self->workers_;
                   self->complete_end();
                 }));
}

void run_impl::resume(task_index task) {
  const auto& w = worker_of_[task];
  if (w && w->current) resume_now(*w->current);
}

void run_impl::resume_now(attempt& a) {
  for (auto& h : std::exchange(a.resume, {})) complete(strand_, std::move(h));
}

void run_impl::abort_attempts() {
  for (const auto& a : scheduler_.take_aborts()) {
    const auto w = a.task < worker_of_.size() ? worker_of_[a.task] : nullptr;
    if (!w) continue;
    if (a.abandoned) {
      // A fresh worker takes this one's place; the run does not wait for it.
      w->lost = true;
      --workers_;
      settings_.logger.warn(source, concat("task ", quote(scheduler_.call(a.task).id), " was abandoned"));
      continue;
    }
    // Posted: never resumed inline from a callback, and the worker has begun by then.
    asio::post(strand_, [w, task = a.task, number = a.attempt] {
      if (w->current && w->current->task == task && w->current->number == number) {
        w->signal.emit(asio::cancellation_type::terminal);
      }
    });
  }
}

// Worker loops --------------------------------------------------------------------------------------------------------

awaitable<void> run_impl::work(std::shared_ptr<run_impl> self, std::shared_ptr<worker> w) {
  co_await asio::post(asio::use_awaitable);  // co_spawn may have run us inline, in the middle of `after_event`
  for (;;) {
    auto a = std::make_shared<attempt>();
    a->run = self;
    a->task = w->next.task;
    a->number = w->next.attempt;
    w->current = a;
    if (worker_of_.size() <= a->task) worker_of_.resize(scheduler_.size());
    worker_of_[a->task] = w;

    scheduler::attempt_end ended;
    if (scheduler_.abort_requested(a->task)) {
      ended.failure = fail(errc::cancelled, "cancelled before it began");
    } else {
      ended = co_await carry_out(a);
    }
    // Always: a cancelled or shielded attempt must not colour the next one.
    co_await asio::this_coro::reset_cancellation_state();
    co_await asio::this_coro::throw_if_cancelled(true);

    a->live = false;
    w->current = nullptr;
    worker_of_[a->task] = nullptr;
    scheduler_.attempt_ended(a->task, a->number, std::move(ended), now());
    if (w->lost) {
      ++workers_;  // its end is counted by its completion handler
      after_event();
      break;
    }
    const auto next = scheduler_.finished() ? std::nullopt : take();
    after_event();
    if (next) {
      w->next = *next;
      continue;
    }
    if (scheduler_.finished() || ending_) break;
    co_await suspend([this, w](plain_handler handler) {
      w->parked = std::move(handler);
      idle_.push_back(w);
    });
    if (ending_) break;
  }
  co_await asio::this_coro::throw_if_cancelled(false);
}

awaitable<scheduler::attempt_end> run_impl::carry_out(std::shared_ptr<attempt> a) {
  scheduler::attempt_end end;
  const auto agent = agents_.find(scheduler_.call(a->task).agent);
  std::exception_ptr thrown;
  try {
    result<task_output> r = co_await agent->run(attempt::context(a));
    if (r.has_value()) {
      end.output = std::move(*r);
    } else {
      end.failure = r.error();
    }
  } catch (...) {
    thrown = std::current_exception();
  }
  if (thrown) end.failure = error_from_exception(thrown);
  co_return end;
}

// Time ----------------------------------------------------------------------------------------------------------------

void run_impl::arm() {
  if (ending_ || !timer_) return;
  const auto due = scheduler_.next_deadline();
  if (!due || *due >= armed_) return;  // a timer that fires early only looks and re-arms
  armed_ = *due;
  timer_->async_wait_until(*due, [self = shared_from_this(), at = *due](boost::system::error_code ec) {
    if (ec || self->armed_ != at) return;
    self->armed_ = time_point::max();
    self->scheduler_.advance(self->now());
    self->after_event();
  });
}

// Observers -----------------------------------------------------------------------------------------------------------

template <class F>
void run_impl::call_back(std::string_view name, F f) {
  const auto begin = std::chrono::steady_clock::now();
  try {
    f();
  } catch (const std::exception& x) {
    ++callback_failures_;
    settings_.logger.error(source, concat("callback ", name, " threw: ", x.what()));
  } catch (...) {
    ++callback_failures_;
    settings_.logger.error(source, concat("callback ", name, " threw something that is not a std::exception"));
  }
  if (const auto took = std::chrono::steady_clock::now() - begin; took > callback_budget) {
    settings_.logger.warn(source, concat("callback ", name, " took ", to_text(duration(took)), " on the run's strand"));
  }
}

void run_impl::observe(const event& e) {
  metrics_(e);
  if (e.type == event_type::task_ended) {
    ended_.push_back(scheduler_.find(e.task_id));
    if (!task_waiters_.empty()) just_ended_.push_back(ended_.back());
    if (callbacks_.on_task_ended) call_back("on_task_ended", [&] { callbacks_.on_task_ended(*e.result); });
  }
  if (e.type == event_type::task_progress && callbacks_.on_progress) {
    call_back("on_progress", [&] { callbacks_.on_progress(e.task_id, e.progress); });
  }
  if (callbacks_.on_event) call_back("on_event", [&] { callbacks_.on_event(e); });
}

bool run_impl::full() const noexcept {
  return scheduler_.unfinished() - scheduler_.running().size() >= settings_.max_pending;
}

void run_impl::wait_for_space(plain_handler handler) { space_waiters_.push_back(std::move(handler)); }

void run_impl::wait_for_end_of(task_index task, plain_handler handler) {
  auto slot = asio::get_associated_cancellation_slot(handler);
  if (slot.is_connected()) {
    slot.assign([weak = weak_from_this(), task](asio::cancellation_type) {
      const auto self = weak.lock();
      if (!self) return;
      const auto it = self->task_waiters_.find(task);
      if (it == self->task_waiters_.end()) return;
      // Only the awaiting attempt can be cancelled through this slot, and a child has one awaiting parent.
      auto waiting = std::move(it->second);
      self->task_waiters_.erase(it);
      for (auto& h : waiting) complete(self->strand_, std::move(h), asio::error::operation_aborted);
    });
  }
  task_waiters_[task].push_back(std::move(handler));
}

void run_impl::wait_for_slot(const std::shared_ptr<attempt>& a, plain_handler handler) {
  auto slot = asio::get_associated_cancellation_slot(handler);
  if (slot.is_connected()) {
    slot.assign([weak = std::weak_ptr<attempt>(a)](asio::cancellation_type) {
      const auto waiting = weak.lock();
      if (!waiting) return;
      for (auto& h : std::exchange(waiting->resume, {})) {
        complete(waiting->run->strand_, std::move(h), asio::error::operation_aborted);
      }
    });
  }
  if (!scheduler_.attempt_wants_slot(a->task, a->number)) return complete(strand_, std::move(handler));
  a->resume.push_back(std::move(handler));
  after_event();
}

std::vector<task_result> run_impl::results() const {
  std::vector<task_result> all;
  all.reserve(ended_.size());
  for (const task_index t : ended_) all.push_back(*scheduler_.result_of(t));
  return all;
}

run_metrics run_impl::metrics() const {
  run_metrics m = result_ ? metrics_.value() : metrics_.snapshot(now());
  m.callback_failures = callback_failures_;
  return m;
}

run_status run_impl::status() const {
  run_status s;
  s.run_id = scheduler_.run_id();
  s.name = scheduler_.options().name;
  s.state = scheduler_.state();
  for (int i = 0; i < task_state_count; ++i) {
    s.counts[static_cast<std::size_t>(i)] = scheduler_.count(static_cast<task_state>(i));
  }
  for (const task_index t : scheduler_.running()) {
    const auto& c = scheduler_.call(t);
    s.running.push_back({c.id, c.agent, c.task_type, scheduler_.state(t), scheduler_.waiting(t), scheduler_.attempt(t),
                         scheduler_.progress(t), scheduler_.started_at(t)});
  }
  std::sort(s.running.begin(), s.running.end(),
            [](const task_status& a, const task_status& b) { return std::tie(a.started_at, a.id) < std::tie(b.started_at, b.id); });
  return s;
}

// The end -------------------------------------------------------------------------------------------------------------

void run_impl::end() {
  if (ending_) return;
  ending_ = true;
  if (timer_) timer_->cancel();
  for (auto& w : std::exchange(idle_, {})) complete(strand_, std::move(w->parked));
  complete_end();
}

void run_impl::complete_end() {
  if (!ending_ || workers_ > 0 || told_) return;
  told_ = true;
  result_ = std::make_shared<run_result>();
  auto& r = *result_;
  r.run_id = scheduler_.run_id();
  r.name = scheduler_.options().name;
  r.state = scheduler_.state();
  r.cancelled = scheduler_.cancelled();
  r.reason = scheduler_.reason();
  r.anchor = anchor_;
  r.metrics = metrics();
  r.results.reserve(scheduler_.size());
  for (task_index t = 0; t < scheduler_.size(); ++t) {
    if (const auto* ended = scheduler_.result_of(t)) {
      r.results.push_back(*ended);
      continue;
    }
    task_result open;  // of an interrupted run: not ended, for `resume`
    open.id = scheduler_.call(t).id;
    open.agent = scheduler_.call(t).agent;
    open.task_type = scheduler_.call(t).task_type;
    open.state = scheduler_.state(t);
    open.attempts = scheduler_.attempt(t);
    r.results.push_back(std::move(open));
  }
  for (const auto& l : scheduler_.locks()) {
    if (l.quarantined) r.quarantined.push_back(l.resource);
  }
  for (auto& h : std::exchange(end_waiters_, {})) {
    if (*h) complete(strand_, std::move(*h));
  }
}

}  // namespace corchestra::detail
