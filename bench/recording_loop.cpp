#include "recording_loop.hpp"

#include <boost/asio/awaitable.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <chrono>
#include <exception>
#include <string>
#include <utility>
#include <vector>

#include <corchestra/async/awaitable.hpp>

#include "harness.hpp"

namespace corchestra::bench {

namespace {

time_point now() { return time_point(std::chrono::steady_clock::now().time_since_epoch()); }

awaitable<task_output> body() {
  co_await asio::post(asio::use_awaitable);
  co_return task_output{};
}

class loop {
 public:
  loop(const task_plan& plan, const event_sink& subscriber) : tasks_(plan.tasks), subscriber_(subscriber) {
    results_.reserve(tasks_.size());
  }

  void run(std::size_t width) {
    submitted_ = now();
    for (task_index t = 0; t < tasks_.size(); ++t) {
      tell(t, submitted_, {.type = event_type::task_submitted, .state = task_state::pending, .call = &tasks_[t]});
      tell(t, submitted_, {.type = event_type::task_state_changed, .state = task_state::ready});
    }
    for (std::size_t i = 0; i < width; ++i) begin_next(submitted_);
    io_.run();
  }
  std::size_t completed() const { return results_.size(); }

 private:
  void tell(task_index t, time_point at, event e) {
    e.seq = ++seq_;
    e.at = at;
    e.run_id = run_id_;
    e.task = t;
    e.task_id = tasks_[t].id;
    e.agent = tasks_[t].agent;
    e.task_type = tasks_[t].task_type;
    subscriber_(e);
  }

  void begin_next(time_point at) {
    if (started_ == tasks_.size()) return;
    const auto t = static_cast<task_index>(started_++);
    tell(t, at, {.type = event_type::attempt_started, .attempt = 1, .state = task_state::running, .call = &tasks_[t]});
    asio::co_spawn(io_, body(), [this, t, at](const std::exception_ptr& failure, task_output output) {
      const time_point ended = now();
      if (!failure) end(t, at, ended, std::move(output));
      begin_next(ended);
    });
  }

  void end(task_index t, time_point began, time_point at, task_output&& output) {
    tell(t, at, {.type = event_type::attempt_ended, .attempt = 1, .state = task_state::running, .usage = &output.usage,
                 .outcome = task_state::completed});
    const task_call& c = tasks_[t];
    const task_result& r = results_.emplace_back(task_result{.id = c.id, .agent = c.agent, .task_type = c.task_type,
                                                             .state = task_state::completed, .output = std::move(output), .attempts = 1,
                                                             .queued_at = submitted_, .started_at = began, .ended_at = at});
    tell(t, at, {.type = event_type::task_ended, .attempt = 1, .state = task_state::completed, .result = &r});
  }

  const std::vector<task_call>& tasks_;
  const event_sink& subscriber_;
  const std::string run_id_ = "01890a5d-ac96-774b-bcce-b302099a8057";
  time_point submitted_{};
  std::vector<task_result> results_;
  std::uint64_t seq_ = 0;
  std::size_t started_ = 0;
  asio::io_context io_;
};

}  // namespace

double recording_loop(const task_plan& plan, std::size_t width, const event_sink& subscriber) {
  loop l(plan, subscriber);
  const stopwatch watch;
  l.run(width);
  const double took = watch.nanoseconds();
  check(l.completed() == plan.tasks.size(), "the loop lost a task");
  return took / static_cast<double>(plan.tasks.size());
}

}  // namespace corchestra::bench
