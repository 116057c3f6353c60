#include "pauses.hpp"

#include <unistd.h>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/signal_set.hpp>
#include <csignal>

#include <corchestra/base/text.hpp>

namespace corchestra::program {

struct pauses::state : std::enable_shared_from_this<state> {
  state(any_io_executor e, std::function<void(const std::string&)> s) : executor(e), signals(e, SIGUSR2), show(std::move(s)) {}

  void listen() {
    signals.async_wait([self = shared_from_this()](boost::system::error_code ec, int) {
      if (ec || self->closed) return;
      self->toggle();
      self->listen();
    });
  }

  void toggle() {
    if (!watched) return;
    asio::co_spawn(executor, [](run r, bool resume) -> awaitable<void> {
      if (resume) {
        co_await r.resume();
      } else {
        co_await r.pause();
      }
    }(*watched, paused), [](std::exception_ptr) {});
  }

  any_io_executor executor;
  asio::signal_set signals;
  std::function<void(const std::string&)> show;
  std::optional<run> watched;
  bool paused = false, closed = false;
};

pauses::pauses(any_io_executor executor, std::function<void(const std::string&)> show)
    : state_(std::make_shared<state>(std::move(executor), std::move(show))) {
  state_->listen();
}

pauses::~pauses() {
  state_->closed = true;
  boost::system::error_code ignored;
  state_->signals.cancel(ignored);
}

void pauses::operator()(const event& e) {
  if (e.type != event_type::run_paused && e.type != event_type::run_resumed) return;
  if (e.data.is_object() && e.data.contains("agent")) return;
  state_->paused = e.type == event_type::run_paused;
  if (state_->paused) state_->show(concat("paused: 'kill -USR2 ", ::getpid(), "' lets it go on, Ctrl-C ends it"));
}

void pauses::watch(run r) { state_->watched = std::move(r); }

}  // namespace corchestra::program
