#include <corchestra/runtime/run_blocking_on.hpp>

#include <pthread.h>

#include <barrier>
#include <catch2/catch_test_macros.hpp>
#include <fstream>
#include <future>
#include <optional>
#include <stdexcept>
#include <string>
#include <thread>

#include <corchestra/async/gather.hpp>

#include "support/run.hpp"

using namespace corchestra;

namespace {

std::string thread_name() {
  char name[16] = {};
  ::pthread_getname_np(::pthread_self(), name, sizeof name);
  return name;
}

void wait_for_stop(const std::stop_token& stop) {
  std::promise<void> stopped;
  const std::stop_callback on_stop(stop, [&] { stopped.set_value(); });
  stopped.get_future().wait();
}

/// What `work` threw in the end, as text.
void note_failure(asio::io_context& context, awaitable<void> work, std::string& failure) {
  asio::co_spawn(context, std::move(work), [&failure](std::exception_ptr e) {
    try {
      if (e) std::rethrow_exception(e);
      failure = "none";
    } catch (const std::exception& x) {
      failure = x.what();
    }
  });
}

}  // namespace

TEST_CASE("[C46][A46] there is a thread for each core but one, and at least one") {
  std::ifstream file("/proc/stat");  // a line `cpu`, and one `cpu0`, `cpu1`, ... a core
  std::size_t cores = 0;
  for (std::string line; std::getline(file, line);) cores += line.starts_with("cpu") && line[3] != ' ';
  REQUIRE(cores > 0);
  CHECK(default_cpu_workers() <= std::max<std::size_t>(cores - 1, 1));
  const auto usable = std::thread::hardware_concurrency();
  CHECK(default_cpu_workers() == (usable < 2 ? 1 : usable - 1));
  CHECK(worker_threads().size() == default_cpu_workers());
  CHECK(worker_threads(3).size() == 3);
  CHECK_THROWS_AS(worker_threads(0), std::invalid_argument);
}

TEST_CASE("the threads carry a name that debuggers and top show, cut where the system cuts it") {
  asio::io_context context;
  worker_threads threads(1);
  CHECK(tests::run(context, run_blocking_on(threads, thread_name)) == "worker-1");
  worker_threads long_name(1, "resize the pictures");
  CHECK(tests::run(context, run_blocking_on(long_name, thread_name)) == "resize the pi-1");
}

TEST_CASE("[X2] functions run at the same time, one a thread") {
  asio::io_context context;
  worker_threads threads(3);
  std::barrier all_here(3);  // never passed by fewer threads
  std::vector<std::function<awaitable<int>()>> work;
  for (int i = 0; i < 3; ++i) {
    work.emplace_back([&, i] {
      return run_blocking_on(threads, [&all_here, i] {
        all_here.arrive_and_wait();
        return i;
      });
    });
  }
  CHECK(tests::run(context, gather(std::move(work))) == std::vector<int>{0, 1, 2});
}

TEST_CASE("destroying the threads stops and awaits what runs, and refuses what has not begun") {
  asio::io_context context;
  std::optional<worker_threads> threads(std::in_place, 1);
  std::promise<void> begun;
  bool returned = false, second_began = false;
  std::string first, second;
  note_failure(context,
               run_blocking_on(*threads,
                               [&](std::stop_token stop) {
                                 begun.set_value();
                                 wait_for_stop(stop);
                                 returned = true;
                               }),
               first);
  note_failure(context, run_blocking_on(*threads, [&] { second_began = true; }), second);
  tests::settle(context);
  begun.get_future().wait();
  threads.reset();
  CHECK(returned);
  CHECK_FALSE(second_began);
  tests::settle(context);
  CHECK(first == "none");
  CHECK(second == "the worker threads of this function have been stopped");
}
