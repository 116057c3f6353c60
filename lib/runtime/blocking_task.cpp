#include <corchestra/runtime/blocking_task.hpp>

#include <map>
#include <mutex>
#include <optional>

#include "runtime/run_impl.hpp"
#include "runtime/worker_queue.hpp"

namespace corchestra {

namespace detail {

/// One call of a blocking function: what it is told, what it answers.
struct blocking_call : std::enable_shared_from_this<blocking_call> {
  blocking_call(std::shared_ptr<const blocking_function> f, task_context& c)
      : function(std::move(f)),
        task(c.task()),
        attempt(c.attempt()),
        run_id(c.run_id()),
        idempotency_key(c.idempotency_key()),
        on_progress(&c) {
    for (std::string_view id : task.depends_on) {
      if (id.ends_with("/*")) id.remove_suffix(2);
      if (const task_result* r = c.upstream(id)) upstream.emplace(id, *r);
    }
  }

  void run(thread_job& j) {
    job = &j;
    answer.emplace((*function)(blocking_context(*this, j.stop_token())));
  }

  void report(double fraction, std::string_view message) {
    {
      std::lock_guard lock(mutex);
      const bool on_its_way = latest.has_value();
      latest.emplace(fraction, std::string(message));
      if (on_its_way) return;
    }
    job->post([self = shared_from_this()] { self->deliver(); });
  }

  void deliver() {
    std::optional<std::pair<double, std::string>> report;
    {
      std::lock_guard lock(mutex);
      report.swap(latest);
    }
    if (on_progress && report) on_progress->report_progress(report->first, report->second);
  }

  const std::shared_ptr<const blocking_function> function;
  const task_call task;
  const std::uint32_t attempt;
  const std::string run_id, idempotency_key;
  std::map<std::string, task_result, std::less<>> upstream;

  thread_job* job = nullptr;  // while the function is called
  std::optional<result<task_output>> answer;

  task_context* on_progress;  // of the agent's coroutine, null when that is gone; on the strand only
  std::mutex mutex;
  std::optional<std::pair<double, std::string>> latest;  // on its way to the strand
};

}  // namespace detail

namespace {

class blocking_agent final : public agent {
 public:
  blocking_agent(std::shared_ptr<detail::worker_queue> threads, blocking_function f)
      : threads_(std::move(threads)), function_(std::make_shared<const blocking_function>(std::move(f))) {}

  awaitable<result<task_output>> run(task_context context) override {
    const auto call = std::make_shared<detail::blocking_call>(function_, context);
    const auto job = std::make_shared<detail::thread_job>([call](detail::thread_job& j) { call->run(j); });
    const auto attempt = detail::attempt::of(context);
    attempt->when_abandoned = [threads = threads_, job] { threads->abandon(job); };
    struct silence {
      detail::blocking_call& call;
      detail::attempt& attempt;
      ~silence() {
        call.on_progress = nullptr;
        attempt.when_abandoned = nullptr;
      }
    } const at_the_end{*call, *attempt};
    co_await detail::worker_queue::run(threads_, job);
    co_return std::move(*call->answer);
  }

 private:
  std::shared_ptr<detail::worker_queue> threads_;
  std::shared_ptr<const blocking_function> function_;
};

}  // namespace

const task_call& blocking_context::task() const noexcept { return call_->task; }
std::uint32_t blocking_context::attempt() const noexcept { return call_->attempt; }
const std::string& blocking_context::run_id() const noexcept { return call_->run_id; }
const std::string& blocking_context::idempotency_key() const noexcept { return call_->idempotency_key; }

const task_result* blocking_context::upstream(std::string_view id) const noexcept {
  const auto found = call_->upstream.find(id);
  return found == call_->upstream.end() ? nullptr : &found->second;
}

void blocking_context::report_progress(double fraction, std::string_view message) const {
  call_->report(fraction, message);
}

std::shared_ptr<agent> blocking_task(worker_threads& threads, blocking_function function) {
  return std::make_shared<blocking_agent>(detail::worker_queue::of(threads), std::move(function));
}

}  // namespace corchestra
