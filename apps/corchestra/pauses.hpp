#pragma once

#include <functional>
#include <memory>
#include <string>

#include <corchestra/runtime/orchestrator.hpp>

namespace corchestra::program {

/// SIGUSR2 pauses the run and lets it go on, in turn; `show` is told how whenever the run pauses. Feed it the run's events.
class pauses {
 public:
  pauses(any_io_executor executor, std::function<void(const std::string&)> show);
  ~pauses();

  void operator()(const event& e);
  void watch(run r);

 private:
  struct state;
  std::shared_ptr<state> state_;
};

}  // namespace corchestra::program
