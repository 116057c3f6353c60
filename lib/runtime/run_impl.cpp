#include "runtime/run_impl.hpp"

#include <algorithm>
#include <boost/asio/associated_cancellation_slot.hpp>
#include <boost/asio/error.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/prefer.hpp>
#include <chrono>
#include <ctime>

#include <corchestra/base/text.hpp>

#include "runtime/run_progress.hpp"

namespace corchestra::detail {

namespace {
constexpr auto callback_budget = std::chrono::milliseconds(100);
constexpr std::string_view source = "runtime";

// A tick of some milliseconds is enough to find slow callbacks, and costs a fraction of the fine clock.
std::chrono::nanoseconds coarse_now() {
  timespec t{};
  clock_gettime(CLOCK_MONOTONIC_COARSE, &t);
  return std::chrono::seconds(t.tv_sec) + std::chrono::nanoseconds(t.tv_nsec);
}
}  // namespace

run_impl::run_impl(any_io_executor executor, time_service& time, std::shared_ptr<stage_pool> stages, scheduler&& machine,
                   const agent_registry& agents, run_callbacks&& callbacks, std::shared_ptr<const orchestrator_options> settings)
    : executor_(std::move(executor)),
      time_(time),
      stages_(std::move(stages)),
      agents_(agents),
      callbacks_(std::move(callbacks)),
      settings_(std::move(settings)),
      scheduler_(std::move(machine)),
      failures_elsewhere_(callbacks_.failures_elsewhere) {
  scheduler_.ask_of_agents([this](std::string_view name) { return agents_.find(name) != nullptr; });
  if (!callbacks_.on_event) scheduler_.omit_details();
  if (callbacks_.on_event || callbacks_.on_task_ended || callbacks_.on_progress) observe();
}

result<void> run_impl::bind_agents(const compiled_plan& plan) {
  for (const auto& name : plan.agents()) {
    const auto& a = agent_by_number_.emplace_back(agents_.find(name));
    if (!a) return fail(errc::unknown_agent, concat("no agent named ", quote(name), " is registered"));
  }
  return {};
}

void run_impl::launch(std::optional<scheduler::prepared>&& tasks) {
  stage_ = stages_->take();
  stage_->alarm.run = this;
  queue_ = stage_->queue();
  strand_ = stage_->strand();
  self_ = shared_from_this();
  stages_->add(entry_);
  if (tasks) {
    to_strand([self = self_, p = std::move(tasks)]() mutable { self->begin(std::move(p)); });
  } else {
    to_strand([self = self_.get()] { self->begin(std::nullopt); });  // in a job that needs no memory: until then it keeps itself
  }
}

void run_impl::begin(std::optional<scheduler::prepared>&& tasks) {
  const auto self = self_;  // it may end here
  stage_->keep(scheduler_.slots());  // what an earlier run needed more of would be memory for nothing
  anchor_ = time_.anchor();
  boost::container::small_vector<std::shared_ptr<worker>, 8> first;
  {
    const step in_step(*this);
    if (tasks) {
      scheduler_.begin(std::move(*tasks), anchor_.at);
    } else {
      scheduler_.begin(anchor_.at);
    }
    if (queue_->keeps_turn()) first_workers_ = &first;
    after_event(anchor_.at);
    first_workers_ = nullptr;
  }
  for (const auto& w : first) {
    if (auto parked = std::move(w->parked)) {
      std::move(parked)(boost::system::error_code());
    } else {
      spawn(w, true);
    }
  }
}

void run_impl::post(std::function<void(run_impl&)> f) {
  to_strand([self = shared_from_this(), f = std::move(f)] { f(*self); });
}

void run_impl::shutdown() noexcept {
  ending_ = true;
  result_handler_ = {};
  work_ = {};
  if (stage_) {
    for (const auto& w : stage_->workers) {
      if (!w || !w->current) continue;
      w->current->resume.clear();
      w->current->answer = nullptr;
    }
    stage_.reset();
  }
  for (const auto& [task, child] : std::exchange(awaited_, {})) child->parent = nullptr;
  for (const auto& [reservation, grant] : std::exchange(awaited_grants_, {})) grant->handler = nullptr;
  let_go();
  for (auto* waiters : {&space_waiters_, &end_waiters_}) {
    for (const auto& h : std::exchange(*waiters, {})) *h = nullptr;
  }
  queue_->drop();  // and whoever still has a handle posts to no effect
  self_.reset();
}

namespace {

/// A waiting handler whose own cancellation ends only the waiting. On the strand, so that one side wins.
std::shared_ptr<plain_handler> cancellable(std::weak_ptr<run_impl> run, plain_handler handler) {
  auto shared = std::make_shared<plain_handler>(std::move(handler));
  auto slot = asio::get_associated_cancellation_slot(*shared);
  if (slot.is_connected()) {
    slot.assign([run = std::move(run), shared](asio::cancellation_type) {
      const auto self = run.lock();
      if (!self) return;
      self->post([shared](run_impl& r) {
        if (*shared) complete(r.strand(), std::move(*shared), asio::error::operation_aborted);
      });
    });
  }
  return shared;
}

// Those that have given up go when there is no room for another.
void add_waiter(std::vector<std::shared_ptr<plain_handler>>& to, std::shared_ptr<plain_handler> handler) {
  if (to.size() == to.capacity()) std::erase_if(to, [](const auto& h) { return !*h; });
  to.push_back(std::move(handler));
}

}  // namespace

void run_impl::deliver_to(run_completion handler) {
  result_handler_ = std::move(handler);
  work_ = asio::prefer(executor_, asio::execution::outstanding_work.tracked);
}

void run_impl::on_end(plain_handler handler) {
  post([shared = cancellable(weak_from_this(), std::move(handler))](run_impl& r) {
    if (!*shared) return;
    if (r.told_) {
      complete(r.strand_, std::move(*shared));
    } else {
      add_waiter(r.end_waiters_, shared);
    }
  });
}

void run_impl::wait_for_space(plain_handler handler) {
  post([shared = cancellable(weak_from_this(), std::move(handler))](run_impl& r) {
    if (!*shared) return;
    if (r.full() && !r.scheduler_.finished()) {
      add_waiter(r.space_waiters_, shared);
    } else {
      complete(r.strand_, std::move(*shared));
    }
  });
}

// Time ----------------------------------------------------------------------------------------------------------------

void run_impl::arm() {
  if (ending_) return;
  const auto due = scheduler_.next_deadline();
  if (!due || *due >= armed_) return;  // a timer that fires early only looks and re-arms
  armed_ = *due;
  stage_->alarm.set_again(*due);
}

std::function<void()> run_alarm::when_due() {
  auto self = run->weak_from_this().lock();
  if (!self) return {};
  return [self = std::move(self)] { self->post([](run_impl& r) { r.deadline_passed(); }); };
}

void run_impl::deadline_passed() {
  armed_ = time_point::max();
  if (ending_) return;
  const time_point fired = now();
  scheduler_.advance(fired);
  after_event(fired);
}

// Observers -----------------------------------------------------------------------------------------------------------

template <class F>
void run_impl::call_back(std::string_view name, F f) {
  const auto begin = called_back_ ? *called_back_ : coarse_now();
  try {
    f();
  } catch (const std::exception& x) {
    ++callback_failures_;
    settings_->logger.error(source, concat("callback ", name, " threw: ", x.what()));
  } catch (...) {
    ++callback_failures_;
    settings_->logger.error(source, concat("callback ", name, " threw something that is not a std::exception"));
  }
  const auto end = coarse_now();
  if (in_step_) called_back_ = end;
  if (const auto took = end - begin; took > callback_budget) {
    settings_->logger.warn(source, concat("callback ", name, " took ", to_text(duration(took)), " on the run's strand"));
  }
}

void run_impl::observe() {
  auto sink = [this](const event& e) { told(e); };
  if (callbacks_.on_event) {
    scheduler_.tell(sink);
  } else if (callbacks_.on_progress) {
    scheduler_.tell(sink, {event_type::task_ended, event_type::task_progress});
  } else {
    scheduler_.tell(sink, {event_type::task_ended});
  }
}

// After the last of many tasks that came together all of them are put in order: that is no callback's time.
void run_impl::note_submission(const event& e) {
  const bool submits = e.type == event_type::task_submitted;
  if (std::exchange(submits_, submits) != submits) called_back_.reset();
}

void run_impl::told(const event& e) {
  if (e.type == event_type::task_submitted || submits_) note_submission(e);
  struct observing {
    explicit observing(run_impl& r) noexcept : run(r), outer(std::exchange(r.observing_, true)) {}
    observing(const observing&) = delete;
    ~observing() { run.observing_ = outer; }
    run_impl& run;
    bool outer;
  } const in_callback(*this);
  if (e.type == event_type::task_ended) {
    if (!awaited_.empty()) {
      if (const auto it = awaited_.find(e.task); it != awaited_.end()) {
        it->second->result = *e.result;
        just_ended_.push_back(e.task);
      }
    }
    if (callbacks_.on_task_ended) call_back("on_task_ended", [&] { callbacks_.on_task_ended(*e.result); });
  }
  if (e.type == event_type::task_progress && callbacks_.on_progress) {
    call_back("on_progress", [&] { callbacks_.on_progress(e.task_id, e.progress); });
  }
  if (callbacks_.on_event) call_back("on_event", [&] { callbacks_.on_event(e); });
}

void run_impl::expand(worker& w, const task_output& output) {
  task_context context = attempt::context(w.current);
  call_back("expand", [&] { callbacks_.expand(context, output); });
}

bool run_impl::full() const noexcept {
  return scheduler_.unfinished() - scheduler_.running().size() >= settings_->max_pending;
}

std::shared_ptr<awaited_child> run_impl::await_child(task_index task, std::weak_ptr<attempt> by) {
  if (awaited_.empty()) observe();
  auto child = std::make_shared<awaited_child>();
  child->by = std::move(by);
  return awaited_[task] = std::move(child);
}

void run_impl::wait_for_end_of(task_index task, plain_handler handler) {
  const auto it = awaited_.find(task);
  if (it == awaited_.end() || it->second->result) return complete(strand_, std::move(handler));
  auto slot = asio::get_associated_cancellation_slot(handler);
  if (slot.is_connected()) {
    slot.assign([run = weak_from_this(), waiting = std::weak_ptr<awaited_child>(it->second)](asio::cancellation_type) {
      const auto self = run.lock();
      const auto child = waiting.lock();
      if (self && child && child->parent) complete(self->strand_, std::move(child->parent), asio::error::operation_aborted);
    });
  }
  it->second->parent = std::move(handler);
}

void run_impl::give_up_child(task_index task, std::string_view parent) {
  awaited_.erase(task);
  scheduler_.cancel_task(task, cancel_reason::parent_cancelled, concat("its parent ", quote(parent), " no longer waits for it"), now());
  after_event();
}

void run_impl::wait_for_slot(const std::shared_ptr<attempt>& a, plain_handler handler) {
  const auto own = std::make_shared<plain_handler>(std::move(handler));
  auto slot = asio::get_associated_cancellation_slot(*own);
  if (slot.is_connected()) {
    slot.assign([run = weak_from_this(), waiting = std::weak_ptr<plain_handler>(own)](asio::cancellation_type) {
      const auto self = run.lock();
      const auto mine = waiting.lock();
      if (self && mine && *mine) complete(self->strand_, std::move(*mine), asio::error::operation_aborted);
    });
  }
  if (scheduler_.attempt_wants_slot(a->task, a->number, now())) {
    a->resume.push_back(own);
  } else {
    complete(strand_, std::move(*own));  // another wait of it is open, which may be one too many
  }
  after_event();
}

void run_impl::wait_for_answer(const std::shared_ptr<attempt>& a, plain_handler handler) {
  auto slot = asio::get_associated_cancellation_slot(handler);
  if (slot.is_connected()) {
    slot.assign([weak = std::weak_ptr<attempt>(a)](asio::cancellation_type) {
      const auto waiting = weak.lock();
      if (waiting && waiting->answer) complete(waiting->run->strand_, std::move(waiting->answer), asio::error::operation_aborted);
    });
  }
  a->answer = std::move(handler);
}

std::vector<task_result> run_impl::results() const {
  std::vector<task_result> all;
  if (result_) return all.assign(outcome().results.begin(), outcome().results.end()), all;
  all.reserve(scheduler_.results().size());
  for (const auto& r : scheduler_.results()) all.push_back(*r);
  return all;
}

run_metrics run_impl::metrics() const {
  run_metrics m = scheduler_.metrics(scheduler_.finished() ? time_point() : now());
  m.callback_failures = callback_failures_ + (failures_elsewhere_ ? failures_elsewhere_->load() : 0);
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
  for (const auto& [t, question] : scheduler_.approvals()) s.approvals.push_back({scheduler_.call(t).id, question});
  s.progress = progress_of(scheduler_);
  s.budget = scheduler_.budget();
  s.agent_budgets = scheduler_.agent_budgets();
  std::sort(s.running.begin(), s.running.end(),
            [](const task_status& a, const task_status& b) { return std::tie(a.started_at, a.id) < std::tie(b.started_at, b.id); });
  return s;
}

}  // namespace corchestra::detail
