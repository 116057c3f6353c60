#pragma once

#include <stdexcept>

#include <corchestra/async/semaphore.hpp>

namespace corchestra::tests {

/// Coroutines wait before it until the test opens it; then all pass.
class gate {
 public:
  gate() : closed_(permits_.try_acquire()) {}
  void open() { closed_.release(); }
  awaitable<void> pass() {
    const auto permit = co_await permits_.acquire();
    if (!permit) throw std::logic_error("a gate always opens");
  }

 private:
  semaphore permits_{1};
  semaphore::permit closed_;
};

}  // namespace corchestra::tests
