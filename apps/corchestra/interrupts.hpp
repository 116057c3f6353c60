#pragma once

#include <boost/asio/signal_set.hpp>
#include <functional>
#include <memory>

#include <corchestra/async/awaitable.hpp>

namespace corchestra::program {

/// SIGINT and SIGTERM as calls: `on_signal(1)` for the first, `on_signal(2)` for the second; from then on the system's
/// own handling is back, so that a third ends the program.
class interrupts {
 public:
  interrupts(any_io_executor executor, std::function<void(int)> on_signal);
  ~interrupts();

 private:
  struct state;
  static void wait(std::shared_ptr<state> s);
  std::shared_ptr<state> state_;
};

}  // namespace corchestra::program
