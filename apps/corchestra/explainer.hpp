#pragma once

#include <functional>
#include <memory>
#include <string>

#include <corchestra/base/optional_duration.hpp>
#include <corchestra/runtime/run.hpp>

namespace corchestra::program {

/// Tells why waiting tasks are not running: on SIGUSR1, and whenever no task has begun or ended for `patience`.
class explainer {
 public:
  explainer(any_io_executor executor, optional_duration patience, std::function<void(const std::string&)> show);
  ~explainer();

  void operator()(const event& e);
  void watch(run r);

 private:
  struct state;
  std::shared_ptr<state> state_;
};

}  // namespace corchestra::program
