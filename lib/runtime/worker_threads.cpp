#include <pthread.h>

#include <algorithm>
#include <boost/asio/error.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/system/system_error.hpp>
#include <stdexcept>
#include <vector>

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
  size_ = threads;
  name_ = name;
  try {
    std::lock_guard lock(mutex_);
    for (std::size_t i = 0; i < threads; ++i) add_worker();
  } catch (...) {
    stop();
    throw;
  }
}

void worker_queue::add_worker() {
  auto& w = workers_.emplace_back();
  try {
    w.thread = std::thread([this, &w] { work(w); });
  } catch (...) {
    workers_.pop_back();
    throw;
  }
  const std::string number = concat("-", ++started_);
  const std::string text = concat(std::string_view(name_).substr(0, longest_thread_name - number.size()), number);
  ::pthread_setname_np(w.thread.native_handle(), text.c_str());
}

void worker_queue::abandon(const std::shared_ptr<thread_job>& job) noexcept {
  std::lock_guard lock(mutex_);
  if (stopped_) return;
  for (auto it = workers_.begin(); it != workers_.end();) {
    const auto w = it++;
    if (!w->done) continue;
    w->thread.join();
    workers_.erase(w);
  }
  const auto stuck = std::find_if(workers_.begin(), workers_.end(), [&](const worker& w) { return w.job == job; });
  if (stuck == workers_.end() || stuck->replaced) return;
  try {
    add_worker();
    stuck->replaced = true;
  } catch (const std::exception&) {
    // No thread is to be had: this one serves again when its function returns.
  }
}

void worker_queue::stop() noexcept {
  std::deque<std::shared_ptr<thread_job>> refused;
  std::vector<std::shared_ptr<thread_job>> asked;
  {
    std::lock_guard lock(mutex_);
    stopped_ = true;
    refused.swap(waiting_);
    for (const auto& w : workers_) {
      if (w.job) asked.push_back(w.job);
    }
  }
  wake_.notify_all();
  for (const auto& job : refused) job->refuse(threads_are_gone());
  for (const auto& job : asked) job->request_stop();
  for (auto& w : workers_) w.thread.join();
}

void worker_queue::push(std::shared_ptr<thread_job> job) {
  {
    std::lock_guard lock(mutex_);
    if (!stopped_) waiting_.push_back(std::move(job));
  }
  if (job) return job->refuse(threads_are_gone());
  wake_.notify_one();
}

void worker_queue::work(worker& self) {
  std::unique_lock lock(mutex_);
  while (!self.replaced) {
    wake_.wait(lock, [this] { return stopped_ || !waiting_.empty(); });
    if (stopped_) return;
    auto job = std::move(waiting_.front());
    waiting_.pop_front();
    self.job = job;
    lock.unlock();
    job->run();
    job.reset();
    lock.lock();
    job = std::move(self.job);
    lock.unlock();
    job.reset();  // may destroy what the function holds
    lock.lock();
  }
  self.done = true;
}

awaitable<void> worker_queue::run(std::shared_ptr<worker_queue> self, std::shared_ptr<thread_job> job) {
  const any_io_executor executor = co_await asio::this_coro::executor;
  const auto cancellation = co_await asio::this_coro::cancellation_state;
  if (cancellation.cancelled() != asio::cancellation_type::none)
    throw boost::system::system_error(asio::error::operation_aborted);
  const time_hold hold(executor);
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
