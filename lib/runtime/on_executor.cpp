#include <corchestra/runtime/on_executor.hpp>

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/strand.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <mutex>
#include <vector>

#include <corchestra/async/time_service.hpp>
#include <corchestra/base/text.hpp>

#include "base/later.hpp"
#include "runtime/lagging_queue.hpp"

namespace corchestra {

namespace {

constexpr std::string_view source = "runtime";

/// An event with all that it points to.
struct kept_event {
  explicit kept_event(const event& e)
      : value(e),
        run_id(e.run_id),
        task_id(e.task_id),
        agent(e.agent),
        task_type(e.task_type),
        needs(e.needs.begin(), e.needs.end()) {
    value.run_id = run_id;
    value.task_id = task_id;
    value.agent = agent;
    value.task_type = task_type;
    value.needs = needs;
    if (e.usage) value.usage = &usage.emplace(*e.usage);
    if (e.call) value.call = &call.emplace(*e.call);
    if (e.result) value.result = &result.emplace(*e.result);
    if (e.error) value.error = &error.emplace(*e.error);
  }
  kept_event(const kept_event&) = delete;
  kept_event& operator=(const kept_event&) = delete;

  event value;
  std::string run_id, task_id, agent, task_type;
  std::vector<task_index> needs;
  std::optional<token_usage> usage;
  std::optional<task_call> call;
  std::optional<task_result> result;
  std::optional<corchestra::error> error;
};

std::shared_ptr<const event> keep(const event& e) {
  const auto kept = std::make_shared<kept_event>(e);
  return {kept, &kept->value};
}

/// Calls in line, and the one that is under way.
class call_line : public std::enable_shared_from_this<call_line> {
 public:
  using call = std::function<awaitable<void>()>;

  call_line(const any_io_executor& executor, on_executor_options options)
      : options_(std::move(options)),
        strand_(asio::make_strand(executor)),
        time_(time_service::of(executor)),
        failures_(std::make_shared<std::atomic<std::size_t>>(0)),
        waiting_(std::max<std::size_t>(1, options_.capacity)) {}

  std::shared_ptr<const std::atomic<std::size_t>> failures() const { return failures_; }

  /// From any thread.
  void push(detail::upkeep kind, std::string key, std::string_view name, call f) {
    {
      std::lock_guard lock(mutex_);
      waiting_.push(kind, std::move(key), {name, std::move(f)});
      if (std::exchange(busy_, true)) return;
    }
    asio::post(strand_, [self = shared_from_this()] { self->begin_next(); });
  }

 private:
  struct waiting_call {
    std::string_view name;
    call f;
  };

  void begin_next() {
    std::optional<waiting_call> next;
    {
      std::lock_guard lock(mutex_);
      next = waiting_.pop();
      if (!next) busy_ = false;
    }
    if (!next) return;
    const auto number = ++number_;
    name_ = next->name;
    begun_ = time_.now();
    // Its own signal: a call that is given up may still listen to it.
    const auto signal = std::make_shared<asio::cancellation_signal>();
    if (!timer_) timer_ = time_.make_timer(strand_);
    timer_->async_wait_until(detail::later(begun_, options_.callback_timeout),
                             [weak = weak_from_this(), signal, number](boost::system::error_code ec) {
                               const auto self = weak.lock();
                               if (self && !ec) self->give_up(number, *signal);
                             });
    asio::co_spawn(strand_, carry_out(std::move(next->f)),
                   asio::bind_cancellation_slot(signal->slot(), [self = shared_from_this(), signal, number](std::exception_ptr e) {
                     self->ended(number, e);
                   }));
  }

  static awaitable<void> carry_out(call f) {
    co_await asio::post(asio::use_awaitable);
    std::exception_ptr failure;
    try {
      co_await f();
    } catch (...) {
      failure = std::current_exception();
    }
    co_await asio::this_coro::throw_if_cancelled(false);
    if (failure) std::rethrow_exception(failure);
  }

  void ended(std::uint64_t number, const std::exception_ptr& e) {
    if (number != number_) return;  // given up before
    timer_->cancel();
    if (const duration took = time_.now() - begun_; took > options_.callback_timeout) {
      fail(concat("took ", to_text(took), ", longer than ", to_text(options_.callback_timeout)));
    } else if (e) {
      fail(concat("threw: ", error_from_exception(e).message));
    }
    begin_next();
  }

  void give_up(std::uint64_t number, asio::cancellation_signal& signal) {
    if (number != number_) return;
    ++number_;
    fail(concat("took longer than ", to_text(options_.callback_timeout), " and was given up"));
    begin_next();
    signal.emit(asio::cancellation_type::terminal);
  }

  void fail(const std::string& what) {
    ++*failures_;
    options_.logger.error(source, concat("callback ", name_, " ", what));
  }

  on_executor_options options_;
  any_io_executor strand_;
  time_service& time_;
  std::shared_ptr<std::atomic<std::size_t>> failures_;
  // On the strand.
  std::unique_ptr<timer> timer_;
  std::uint64_t number_ = 0;
  std::string_view name_;
  time_point begun_{};

  std::mutex mutex_;  // of all below
  detail::lagging_queue<waiting_call> waiting_;
  bool busy_ = false;
};

}  // namespace

run_callbacks on_executor(any_io_executor executor, awaitable_callbacks callbacks, on_executor_options options) {
  const auto line = std::make_shared<call_line>(executor, std::move(options));
  run_callbacks bound;
  bound.failures_elsewhere = line->failures();
  if (callbacks.on_event) {
    bound.on_event = [line, f = std::move(callbacks.on_event)](const event& e) {
      line->push(detail::upkeep_of(e.type), concat("event ", e.task_id), "on_event", [f, kept = keep(e)] { return f(kept); });
    };
  }
  if (callbacks.on_progress) {
    bound.on_progress = [line, f = std::move(callbacks.on_progress)](std::string_view id, double fraction) {
      line->push(detail::upkeep::latest, concat("progress ", id), "on_progress",
                 [f, id = std::string(id), fraction] { return f(id, fraction); });
    };
  }
  if (callbacks.on_task_ended) {
    bound.on_task_ended = [line, f = std::move(callbacks.on_task_ended)](const task_result& r) {
      line->push(detail::upkeep::always, {}, "on_task_ended", [f, r] { return f(r); });
    };
  }
  return bound;
}

run_callbacks on_executor(any_io_executor executor, run_callbacks callbacks, on_executor_options options) {
  awaitable_callbacks each;
  if (callbacks.on_event) {
    each.on_event = [f = std::move(callbacks.on_event)](std::shared_ptr<const event> e) -> awaitable<void> {
      f(*e);
      co_return;
    };
  }
  if (callbacks.on_progress) {
    each.on_progress = [f = std::move(callbacks.on_progress)](std::string id, double fraction) -> awaitable<void> {
      f(id, fraction);
      co_return;
    };
  }
  if (callbacks.on_task_ended) {
    each.on_task_ended = [f = std::move(callbacks.on_task_ended)](task_result r) -> awaitable<void> {
      f(r);
      co_return;
    };
  }
  run_callbacks bound = on_executor(std::move(executor), std::move(each), std::move(options));
  bound.expand = std::move(callbacks.expand);
  return bound;
}

}  // namespace corchestra
