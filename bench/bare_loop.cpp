#include "bare_loop.hpp"

#include <boost/asio/awaitable.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <exception>
#include <functional>

#include "harness.hpp"

namespace corchestra::bench {

namespace asio = boost::asio;

double bare_loop(std::size_t tasks, std::size_t width) {
  const stopwatch watch;
  std::size_t ended = 0;
  {
    asio::io_context io;
    std::size_t started = 0;
    std::function<void()> next = [&] {
      if (started == tasks) return;
      ++started;
      asio::co_spawn(
          io, []() -> asio::awaitable<void> { co_await asio::post(asio::use_awaitable); },
          [&](const std::exception_ptr& failure) {
            if (!failure) ++ended;
            next();
          });
    };
    for (std::size_t i = 0; i < width; ++i) next();
    io.run();
  }
  check(ended == tasks, "the bare loop lost a task");
  return watch.nanoseconds() / static_cast<double>(tasks);
}

}  // namespace corchestra::bench
