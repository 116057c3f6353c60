#include <algorithm>
#include <boost/asio/associated_cancellation_slot.hpp>
#include <boost/asio/error.hpp>
#include <mutex>

#include <corchestra/async/time_service.hpp>
#include <corchestra/runtime/event_stream.hpp>

#include "async/shutdown_service.hpp"
#include "runtime/completion.hpp"
#include "runtime/lagging_queue.hpp"

namespace corchestra {

struct event_stream::state : detail::shutdown_listener, std::enable_shared_from_this<event_stream::state> {
  struct item {
    bool last;
    ordered_json record;
  };

  state(any_io_executor e, std::size_t n) : executor(std::move(e)), anchor(time_service::of(executor).anchor()), items(n) {}

  void push(const event& e) {
    ordered_json record = to_record(e, anchor);
    detail::plain_handler waiting;
    {
      std::lock_guard lock(mutex);
      items.push(detail::upkeep_of(e.type), std::string(e.task_id), {e.type == event_type::run_ended, std::move(record)});
      waiting = std::move(reader);
    }
    if (waiting) detail::complete(executor, std::move(waiting));
  }

  void wait(detail::plain_handler handler) {
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
    detail::plain_handler waiting;
    {
      std::lock_guard lock(mutex);
      waiting = std::move(reader);
    }
    if (waiting) detail::complete(executor, std::move(waiting), ec);
  }

  void shutdown() noexcept override {
    detail::plain_handler lost;  // freed after the lock
    std::lock_guard lock(mutex);
    lost = std::move(reader);
  }

  any_io_executor executor;
  clock_anchor anchor;
  mutable std::mutex mutex;
  detail::lagging_queue<item> items;
  detail::plain_handler reader;
  bool ended = false;  // run_ended was read
};

event_stream::event_stream(any_io_executor executor, std::size_t capacity)
    : state_(std::make_shared<state>(executor, std::max<std::size_t>(1, capacity))) {
  detail::shutdown_service::of(executor).add(state_);
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
      if (auto item = s->items.pop()) {
        s->ended = item->last;
        co_return std::move(item->record);
      }
    }
    co_await detail::suspend([s](detail::plain_handler handler) { s->wait(std::move(handler)); });
  }
}

void event_stream::cancel_on_exit(run r) { run_ = std::move(r); }

std::size_t event_stream::dropped() const noexcept {
  std::lock_guard lock(state_->mutex);
  return state_->items.dropped();
}

}  // namespace corchestra
