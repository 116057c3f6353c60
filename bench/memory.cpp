// What a task call costs while it waits: heap of a run whose only slot is taken, with and without 200,000 tasks behind
// it. Ids and agent names are short enough to lie inside their strings, so that the tasks' own text is not counted.
#include <malloc.h>
#include <boost/asio/io_context.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/steady_timer.hpp>
#include <cstdlib>
#include <new>

#include <corchestra/runtime/async_run.hpp>

#include "engine_run.hpp"
#include "harness.hpp"

using namespace corchestra;

namespace {

constexpr std::size_t count = 200'000;
std::size_t heap = 0;  // bytes in use, with the allocator's word beside each block

void* taken(void* block) {
  if (block == nullptr) std::abort();
  heap += malloc_usable_size(block) + sizeof(std::size_t);
  return block;
}

void give_back(void* block) noexcept {
  if (block == nullptr) return;
  heap -= malloc_usable_size(block) + sizeof(std::size_t);
  std::free(block);
}

/// The heap when the first task is running and `waiting` others are queued.
std::size_t heap_of_run(std::size_t waiting) {
  const std::size_t before = heap;
  std::size_t during = 0, completed = 0;
  {
    asio::io_context io;
    asio::steady_timer gate(io, asio::steady_timer::time_point::max());
    orchestrator conductor(io.get_executor());
    conductor.agents().add("gate", [&](task_context) -> awaitable<result<task_output>> {
      boost::system::error_code opened;
      co_await gate.async_wait(asio::redirect_error(asio::use_awaitable, opened));
      co_return task_output{};
    });
    conductor.agents().add("agent", [](task_context) -> awaitable<result<task_output>> { co_return task_output{}; });
    task_plan plan = bench::independent_tasks(1 + waiting, 1);
    plan.tasks[0].agent = "gate";
    async_run(conductor, std::move(plan), [&](const result<run_result>& r) {
      if (r && r->success()) completed = r->results.size();
    });
    while (io.poll() != 0) {
    }
    during = heap - before;
    gate.cancel();
    io.run();
  }
  bench::check(completed == 1 + waiting, "the run lost a task");
  return during;
}

double ours() { return (static_cast<double>(heap_of_run(count)) - static_cast<double>(heap_of_run(0))) / count; }

}  // namespace

void* operator new(std::size_t size) { return taken(std::malloc(size)); }
void* operator new(std::size_t size, std::align_val_t align) {
  const auto a = static_cast<std::size_t>(align);
  return taken(std::aligned_alloc(a, (size + a - 1) / a * a));
}
void operator delete(void* block) noexcept { give_back(block); }
void operator delete(void* block, std::size_t) noexcept { give_back(block); }
void operator delete(void* block, std::align_val_t) noexcept { give_back(block); }
void operator delete(void* block, std::size_t, std::align_val_t) noexcept { give_back(block); }

int main(int argc, char** argv) {
  return bench::measure(argc, argv, {.name = "memory", .unit = "B/task", .least = 600, .aim = 350}, ours);
}
