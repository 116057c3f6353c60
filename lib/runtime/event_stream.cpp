#include <algorithm>
#include <boost/asio/error.hpp>
#include <boost/asio/this_coro.hpp>
#include <deque>
#include <mutex>

#include <corchestra/async/time_service.hpp>
#include <corchestra/runtime/event_stream.hpp>

#include "async/shutdown_service.hpp"
#include "runtime/completion.hpp"

namespace corchestra {

struct event_stream::state : detail::shutdown_listener, std::enable_shared_from_this<event_stream::state> {
  using handler_type = asio::any_completion_handler<void(boost::system::error_code)>;
  struct item {
    event_type type;
    ordered_json record;
  };

  state(any_io_executor e, std::size_t n) : executor(std::move(e)), anchor(time_service::of(executor).anchor()), capacity(n) {}

  void push(const event& e) {
    ordered_json record = to_record(e, anchor);
    handler_type waiting;
    {
      std::lock_guard lock(mutex);
      if (items.size() >= capacity) {
        const auto old = std::find_if(items.begin(), items.end(), [](const item& i) { return i.type == event_type::task_progress; });
        if (old != items.end()) {
          items.erase(old);
          ++dropped;
        }
      }
      items.push_back({e.type, std::move(record)});
      waiting = std::move(reader);
    }
    if (waiting) detail::complete<boost::system::error_code>(executor, std::move(waiting), {});
  }

  void wait(handler_type handler) {
    auto slot = asio::get_associated_cancellation_slot(handler);
    if (slot.is_connected()) {
      slot.assign([weak = weak_from_this()](asio::cancellation_type) {
        if (const auto self = weak.lock()) self->stop_waiting(asio::error::operation_aborted);
      });
    }
    {
      std::lock_guard lock(mutex);
      reader = std::move(handler);
      if (items.empty()) return;
    }
    stop_waiting({});  // something came in between
  }

  void stop_waiting(boost::system::error_code ec) {
    handler_type waiting;
    {
      std::lock_guard lock(mutex);
      waiting = std::move(reader);
    }
    if (waiting) detail::complete<boost::system::error_code>(executor, std::move(waiting), std::move(ec));
  }

  void shutdown() noexcept override {
    handler_type lost;  // freed after the lock
    std::lock_guard lock(mutex);
    lost = std::move(reader);
  }

  any_io_executor executor;
  clock_anchor anchor;
  std::size_t capacity;
  mutable std::mutex mutex;
  std::deque<item> items;
  handler_type reader;
  std::size_t dropped = 0;
  bool ended = false;  // run_ended was read
};

event_stream::event_stream(any_io_executor executor, std::size_t capacity)
    : state_(std::make_shared<state>(executor, std::max<std::size_t>(1, capacity))) {
  detail::shutdown_service::add(executor, state_);
}

event_stream::~event_stream() {
  if (state_ && run_ && !state_->ended) run_->request_cancel("nobody listens any more");
}

run_callbacks event_stream::callbacks() {
  run_callbacks c;
  c.on_event = [s = state_](const event& e) { s->push(e); };
  return c;
}

awaitable<std::optional<ordered_json>> event_stream::next() {
  const auto s = state_;
  if (s->ended) co_return std::nullopt;
  for (;;) {
    {
      std::lock_guard lock(s->mutex);
      if (!s->items.empty()) {
        auto item = std::move(s->items.front());
        s->items.pop_front();
        s->ended = item.type == event_type::run_ended;
        co_return std::move(item.record);
      }
    }
    co_await asio::async_initiate<const asio::use_awaitable_t<>, void(boost::system::error_code)>(
        [s](auto handler) { s->wait(std::move(handler)); }, asio::use_awaitable);
  }
}

void event_stream::cancel_on_exit(run r) { run_ = std::move(r); }

std::size_t event_stream::dropped() const noexcept {
  std::lock_guard lock(state_->mutex);
  return state_->dropped;
}

}  // namespace corchestra
