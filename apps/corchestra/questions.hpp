#pragma once

#include <boost/asio/posix/stream_descriptor.hpp>
#include <deque>
#include <functional>
#include <memory>
#include <string>

#include <corchestra/async/awaitable.hpp>
#include <corchestra/core/event.hpp>

namespace corchestra::program {

/// Puts the questions of a run to the person at the terminal of stdin, one at a time, without blocking the loop.
class questions {
 public:
  using answer = std::function<void(const std::string& task, bool approved)>;

  /// `show` gets lines for the terminal.
  questions(any_io_executor executor, std::function<void(const std::string&)> show, answer tell);
  ~questions();

  /// Whether somebody can see `fd` and type an answer.
  static bool possible(int fd);

  void operator()(const event& e);

 private:
  struct state;
  std::shared_ptr<state> state_;
};

}  // namespace corchestra::program
