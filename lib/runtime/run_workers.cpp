#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/deferred.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/prefer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <cstring>

#include <corchestra/base/text.hpp>

#include "base/fetch.hpp"
#include "runtime/run_impl.hpp"
#include "runtime/sole_owner.hpp"

namespace corchestra::detail {

namespace {
constexpr std::size_t line = 64;  // of the cache, in bytes
}

// Scheduler commands --------------------------------------------------------------------------------------------------

void run_impl::after_event(time_point at, bool starts) {
  if (observing_) {  // a callback has used a task's context, and the scheduler is in the middle of a step
    if (!std::exchange(look_again_, true)) {
      queue_->push_here([self = shared_from_this()] {
        self->look_again_ = false;
        if (!self->ending_) self->after_event();
      });
    }
    return;
  }
  if (scheduler_.has_requests()) carry_out_requests();
  if (starts && !scheduler_.finished()) {
    while (const auto command = take(at)) assign(*command);
    if (scheduler_.has_requests()) carry_out_requests();
  }
  if (scheduler_.finished()) end();
  if (!just_ended_.empty()) {
    for (const task_index t : std::exchange(just_ended_, {})) {
      const auto it = awaited_.find(t);
      if (it == awaited_.end()) continue;
      const auto child = std::move(it->second);
      awaited_.erase(it);
      if (child->parent) complete(strand_, std::move(child->parent));
    }
  }
  if (!space_waiters_.empty() && (!full() || scheduler_.finished())) {
    for (auto& h : std::exchange(space_waiters_, {})) {
      if (*h) complete(strand_, std::move(*h));
    }
  }
  arm();
}

// Before the slot of an awaited child goes to others, its parent stands in the queue for it too.
void run_impl::call_parents(time_point at) {
  for (const task_index t : just_ended_) {
    const auto it = awaited_.find(t);
    if (it == awaited_.end() || !it->second->parent || it->second->left) continue;
    const auto by = it->second->by.lock();
    if (!by || !by->live) continue;
    it->second->left = true;
    scheduler_.attempt_leaves_wait(by->task, by->number, wait_reason::child, at);
    scheduler_.attempt_wants_slot(by->task, by->number, at);
  }
}

std::optional<scheduler::start_command> run_impl::take(time_point at) {
  if (!just_ended_.empty()) call_parents(at);
  while (auto command = scheduler_.next_start(at)) {
    if (!command->resume) return command;
    if (auto* w = worker_of(command->task, command->attempt)) resume_now(*w->current);
  }
  return std::nullopt;
}

void run_impl::assign(const scheduler::start_command& command) {
  auto& workers = stage_->workers;
  std::shared_ptr<worker> w;
  if (!stage_->idle.empty()) {
    w = workers[stage_->idle.back()];
    stage_->idle.pop_back();
  } else {
    w = std::make_shared<worker>();
    if (stage_->free_places.empty()) {
      w->number = static_cast<std::uint32_t>(workers.size());
      workers.push_back(w);
    } else {
      w->number = stage_->free_places.back();
      stage_->free_places.pop_back();
      workers[w->number] = w;
    }
  }
  w->next = command;
  w->run = self_;
  if (working_++ == 0 && !work_) work_ = asio::prefer(executor_, asio::execution::outstanding_work.tracked);
  // One whose step would come next may as well begin when all else is done.
  if (first_workers_ != nullptr && queue_->idle()) return first_workers_->push_back(std::move(w));
  if (!w->parked) return spawn(w, false);
  // The stage keeps it as long as the queue has jobs.
  queue_->push_here([w = w.get()] { std::exchange(w->parked, nullptr)(boost::system::error_code()); });
}

void run_impl::spawn(const std::shared_ptr<worker>& w, bool at_once) {
  auto slot = w->signal.slot();
  asio::co_spawn(strand_, work(w, at_once), asio::bind_cancellation_slot(slot, [](std::exception_ptr) {}));
}

// The worker that carries out this attempt; null when it has not begun, or is given up.
worker* run_impl::worker_of(task_index task, std::uint32_t number) {
  const auto place = scheduler_.tag(task);
  if (!stage_ || place >= stage_->workers.size() || !stage_->workers[place]) return nullptr;
  auto& w = *stage_->workers[place];
  return w.busy && w.current->task == task && w.current->number == number ? &w : nullptr;
}

void run_impl::resume_now(attempt& a) {
  for (auto& h : std::exchange(a.resume, {})) {
    if (*h) complete(strand_, std::move(*h));
  }
}

// What the scheduler asks of attempts under way: to stop, or to hear an answer.
void run_impl::carry_out_requests() {
  std::vector<stop_request> stops;
  for (const auto& a : scheduler_.take_aborts()) {
    const auto place = a.tag;
    if (!stage_ || place >= stage_->workers.size()) continue;
    if (a.abandoned) {
      // A fresh worker takes this one's place; the run does not wait for it.
      const auto w = stage_->workers[place];
      if (!w || !w->busy || w->current->task != a.task) continue;
      w->lost = true;
      // Asked to stop only now, without a grace: it is no longer found by its place.
      const auto asked = [&](const stop_request& s) { return s.place == place && s.task == a.task && s.attempt == a.attempt; };
      if (std::erase_if(stops, asked) > 0) queue_->push_here([w] { w->signal.emit(asio::cancellation_type::terminal); });
      if (w->current->when_abandoned) w->current->when_abandoned();
      --working_;
      stage_->workers[place] = nullptr;
      stage_->free_places.push_back(place);
      settings_->logger.warn("runtime", concat("task ", quote(scheduler_.call(a.task).id), " was abandoned"));
      continue;
    }
    stops.push_back({place, a.task, a.attempt});
  }
  // Posted: never resumed inline from a callback, and the workers have begun by then.
  if (!stops.empty()) queue_->push_here([self = shared_from_this(), stops = std::move(stops)] { self->stop(stops); });
  tell_grants();
  for (const auto& a : scheduler_.take_answers()) {
    auto* w = worker_of(a.task, a.attempt);
    if (!w) continue;
    w->current->answered = {a.approved, a.message};
    if (w->current->answer) complete(strand_, std::move(w->current->answer));
  }
}

void run_impl::stop(const std::vector<stop_request>& those) {
  constexpr std::size_t ahead = 8;
  for (std::size_t i = 0; i < those.size() && stage_; ++i) {
    if (i + ahead < those.size()) {
      fetch(stage_->workers[those[i + ahead].place].get(), 2 * line);
    }
    const auto& [place, task, number] = those[i];
    const std::shared_ptr<worker> w = stage_->workers[place];
    if (w && w->busy && w->next.task == task && w->next.attempt == number) w->signal.emit(asio::cancellation_type::terminal);
  }
}

// Worker loops --------------------------------------------------------------------------------------------------------

const std::shared_ptr<agent>& run_impl::agent_of(task_index task) {
  const auto number = scheduler_.agent_number(task);
  if (number >= agent_by_number_.size()) agent_by_number_.resize(number + 1);
  auto& a = agent_by_number_[number];
  if (!a) a = agents_.find(scheduler_.agent_name(number));
  return a;
}

void run_impl::begin_attempt(worker& w) {
  // The last attempt's context is used again when nobody has kept it.
  if (!w.current || !is_sole_owner(w.current)) w.current = std::make_shared<attempt>();
  if (!w.current->run) w.current->run = self_;
  w.current->task = w.next.task;
  w.current->number = w.next.attempt;
  w.current->live = true;
  w.current->model_calls = 0;
  if (const auto& a = agent_of(w.next.task); w.body != a) w.body = a;
  w.busy = true;
  scheduler_.tag(w.next.task) = w.number;
}

// The body is gone. True when the worker has another attempt to begin.
bool run_impl::conclude(worker& w, boxed<error>&& failure, task_output&& output) {
  w.current->live = false;
  w.busy = false;
  const time_point at = now();
  const step in_step(*this);
  scheduler_.attempt_ended(w.current->task, w.current->number, std::move(failure), std::move(output), at);
  const auto next = w.lost || scheduler_.finished() ? std::nullopt : take(at);
  if (next) w.next = *next;
  after_event(at, (next.has_value() && scheduler_.may_start_more()) || w.lost);
  return next.has_value();
}

namespace {

// Where its coroutine lies: it is no more than a pointer there. Only for `fetch`, which no address can harm.
const void* frame_of(const awaitable<result<task_output>>& body) noexcept {
  const void* frame = nullptr;
  static_assert(sizeof body >= sizeof frame);
  std::memcpy(&frame, &body, sizeof frame);
  return frame;
}

}  // namespace

// Bodies that were asked to stop end in the order in which they were asked, and what they ended with is no longer in the cache.
void run_impl::fetch_next(const worker& w) const noexcept {
  constexpr std::uint32_t soon = 4, later = 8;
  if (!stage_) return;
  const auto at = [&](std::uint32_t ahead) {
    return w.number + ahead < stage_->workers.size() ? stage_->workers[w.number + ahead].get() : nullptr;
  };
  fetch(at(later), 3 * line);
  if (const worker* next = at(soon)) {
    fetch(next->frame, 16 * line, -4 * static_cast<std::ptrdiff_t>(line));
    fetch(next->body_frame, 8 * line);
    fetch(next->current.get(), 3 * line);
  }
}

awaitable<void> run_impl::work(std::shared_ptr<worker> w, bool at_once) {
  w->frame = &w;
  if (!at_once) co_await asio::post(asio::use_awaitable);  // co_spawn runs us inline, in the middle of `after_event`
  while (true) {
    run_impl& run = *w->run;
    run.begin_attempt(*w);
    bool returned = false, goes_on = false;
    boxed<error> failure;
    if (run.scheduler_.abort_requested(w->next.task)) {
      failure = fail(errc::cancelled, "cancelled before it began");
    } else {
      try {
        auto body = w->body->run(attempt::context(w->current));
        w->body_frame = frame_of(body);
        result<task_output> r = co_await std::move(body);
        returned = true;
        if (!r.has_value()) run.fetch_next(*w);
        if (r.has_value() && run.callbacks_.expand) run.expand(*w, *r);
        if (r.has_value()) {
          goes_on = run.conclude(*w, {}, std::move(*r));
        } else if (run.scheduler_.abort_requested(w->next.task)) {  // it has its reason already
          goes_on = run.conclude(*w, {}, {});
        } else {
          goes_on = run.conclude(*w, std::move(r).error(), {});
        }
      } catch (...) {
        if (returned) throw;
        // One that was asked to stop has its reason already.
        if (!run.scheduler_.abort_requested(w->next.task)) failure = error_from_exception(std::current_exception());
      }
    }
    if (!returned) goes_on = run.conclude(*w, std::move(failure), {});
    // Always: a cancelled or shielded attempt must not colour the next one.
    co_await asio::this_coro::reset_cancellation_state();
    co_await asio::this_coro::throw_if_cancelled(true);
    if (goes_on) continue;
    if (w->lost) break;
    co_await asio::async_initiate<const asio::deferred_t, void(boost::system::error_code)>(
        [w = w.get()](auto handler) { park(*w, plain_handler(std::move(handler))); }, asio::deferred);
  }
  w->current.reset();  // it keeps the run
  w->body.reset();
  w->run.reset();
  co_await asio::this_coro::throw_if_cancelled(false);
}

void run_impl::park(worker& w, plain_handler handler) {
  w.parked = std::move(handler);
  if (is_sole_owner(w.current)) {
    w.current->run.reset();
  } else {
    w.current.reset();
  }
  const auto run = std::move(w.run);
  run->stage_->idle.push_back(w.number);
  --run->working_;
  run->complete_end();
}

}  // namespace corchestra::detail
