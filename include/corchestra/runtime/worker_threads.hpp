#pragma once

#include <cstddef>
#include <memory>
#include <string_view>

namespace corchestra {

namespace detail {
class worker_queue;
}

/// The processor cores that this process may use less one, which the caller's own thread keeps; at least 1.
std::size_t default_cpu_workers() noexcept;

/// Threads for functions that block or compute (`blocking_task`, `run_blocking_on`), first come first served. Apart
/// from these the library runs on the caller's threads only. The user owns the object, which may serve any number of
/// runs. Give the runs more slots than there are threads, so that the next function is at hand when one returns. The
/// thread of a `blocking_task` that is abandoned is replaced, so stuck functions do not use the others' threads up; it
/// ends when its function returns.
class worker_threads {
 public:
  /// The threads are named `<name>-1`, `<name>-2`, ... (15 bytes at most; Linux cuts the name). Throws
  /// std::system_error when a thread cannot be started, std::invalid_argument for 0 threads.
  explicit worker_threads(std::size_t threads = default_cpu_workers(), std::string_view name = "worker");
  worker_threads(const worker_threads&) = delete;
  worker_threads& operator=(const worker_threads&) = delete;
  /// Asks the functions under way to stop and waits until they have returned; those that have not begun end with
  /// `not_running`, as do later ones. Not to be destroyed on one of its own threads.
  ~worker_threads();

  std::size_t size() const noexcept;  ///< without threads that were replaced

 private:
  friend class detail::worker_queue;
  std::shared_ptr<detail::worker_queue> queue_;
};

}  // namespace corchestra
