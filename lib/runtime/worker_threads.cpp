#include <pthread.h>

#include <algorithm>
#include <boost/asio/error.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/system/system_error.hpp>
#include <stdexcept>

#include <corchestra/async/time_service.hpp>
#include <corchestra/base/text.hpp>
#include <corchestra/runtime/run_blocking_on.hpp>

#include "runtime/worker_queue.hpp"

namespace corchestra {

std::size_t default_cpu_workers() noexcept { return std::max(2u, std::thread::hardware_concurrency()) - 1; }

worker_threads::worker_threads(std::size_t threads, std::string_view name)
    : queue_(std::make_shared<detail::worker_queue>()) {
  queue_->start(threads, name);
}

worker_threads::~worker_threads() { queue_->stop(); }

std::size_t worker_threads::size() const noexcept { return queue_->size(); }

namespace detail {

namespace {

std::exception_ptr threads_are_gone() {
  return std::make_exception_ptr(
      error_exception(fail(errc::not_running, "the worker threads of this function have been stopped")));
}

constexpr std::size_t longest_thread_name = 15;

}  // namespace

void worker_queue::start(std::size_t threads, std::string_view name) {
  if (threads == 0) throw std::invalid_argument("worker_threads: expected at least 1 thread, got 0");
  under_way_.resize(threads);
  threads_.reserve(threads);
  try {
    for (std::size_t i = 0; i < threads; ++i) {
      threads_.emplace_back([this, i] { work(i); });
      const std::string number = concat("-", i + 1);
      const std::string text = concat(name.substr(0, longest_thread_name - number.size()), number);
      ::pthread_setname_np(threads_.back().native_handle(), text.c_str());
    }
  } catch (...) {
    stop();
    throw;
  }
}

void worker_queue::stop() noexcept {
  std::deque<std::shared_ptr<thread_job>> refused;
  std::vector<std::shared_ptr<thread_job>> asked;
  {
    std::lock_guard lock(mutex_);
    stopped_ = true;
    refused.swap(waiting_);
    asked = under_way_;
  }
  wake_.notify_all();
  for (const auto& job : refused) job->refuse(threads_are_gone());
  for (const auto& job : asked) {
    if (job) job->request_stop();
  }
  for (auto& t : threads_) t.join();
}

void worker_queue::push(std::shared_ptr<thread_job> job) {
  {
    std::lock_guard lock(mutex_);
    if (!stopped_) waiting_.push_back(std::move(job));
  }
  if (job) return job->refuse(threads_are_gone());
  wake_.notify_one();
}

void worker_queue::work(std::size_t number) {
  std::unique_lock lock(mutex_);
  for (;;) {
    wake_.wait(lock, [this] { return stopped_ || !waiting_.empty(); });
    if (stopped_) return;
    auto job = std::move(waiting_.front());
    waiting_.pop_front();
    under_way_[number] = job;
    lock.unlock();
    job->run();
    job.reset();
    lock.lock();
    under_way_[number].reset();
  }
}

awaitable<void> worker_queue::run(std::shared_ptr<worker_queue> self, thread_job::function work) {
  const any_io_executor executor = co_await asio::this_coro::executor;
  const auto cancellation = co_await asio::this_coro::cancellation_state;
  if (cancellation.cancelled() != asio::cancellation_type::none)
    throw boost::system::system_error(asio::error::operation_aborted);
  const time_hold hold(executor);
  const auto job = std::make_shared<thread_job>(std::move(work));
  co_await suspend([self, job, executor](plain_handler handler) {
    // Without a strand the coroutine may be resumed, and this lambda gone, before `push` returns.
    const auto queue = self;
    const auto pushed = job;
    pushed->await_end(executor, std::move(handler));
    queue->push(pushed);
  });
  job->rethrow();
}

awaitable<void> run_on_threads(worker_threads& threads, std::function<void(std::stop_token)> work) {
  return worker_queue::run(worker_queue::of(threads),
                           [work = std::move(work)](thread_job& job) { work(job.stop_token()); });
}

}  // namespace detail

}  // namespace corchestra
