#include "interrupts.hpp"

#include <csignal>

namespace corchestra::program {

struct interrupts::state {
  state(any_io_executor executor, std::function<void(int)> f)
      : signals(std::move(executor), SIGINT, SIGTERM, SIGHUP), on_signal(std::move(f)) {}

  asio::signal_set signals;
  std::function<void(int)> on_signal;
  int count = 0;
};

interrupts::interrupts(any_io_executor executor, std::function<void(int)> on_signal)
    : state_(std::make_shared<state>(std::move(executor), std::move(on_signal))) {
  wait(state_);
}

interrupts::~interrupts() {
  boost::system::error_code ignored;
  state_->signals.cancel(ignored);
  state_->on_signal = nullptr;
}

void interrupts::wait(std::shared_ptr<state> s) {
  auto& signals = s->signals;
  signals.async_wait([s = std::move(s)](boost::system::error_code ec, int) {
    if (ec || !s->on_signal) return;
    const int n = ++s->count;
    if (n < 2) {
      wait(s);
    } else {
      boost::system::error_code ignored;
      s->signals.clear(ignored);
    }
    s->on_signal(n);
  });
}

}  // namespace corchestra::program
