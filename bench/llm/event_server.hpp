#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "llm/child.hpp"
#include "llm/two_cores.hpp"

namespace corchestra::bench {

/// A server in a process of its own. It waits until so many requests have come on as many connections, then gives each
/// its pieces, one piece to all before the next; without pieces it never answers. When all have been closed by their
/// clients it begins anew.
class event_server {
 public:
  struct script {
    std::size_t connections = 0;
    std::vector<std::string> pieces;    ///< as they go over the wire
    std::chrono::milliseconds pace{0};  ///< from one piece to the next
  };

  event_server(const two_cores& cores, script what);

  std::uint16_t port() const noexcept { return port_; }
  /// Waits until all requests have come.
  void wait_until_asked();
  /// Can be read, eight bytes of it, when all requests have come.
  int pipe() const noexcept { return process_->pipe(); }
  /// Waits until all connections are closed: nanoseconds of the monotonic clock at which the last one was.
  std::int64_t wait_until_closed();

 private:
  std::uint16_t port_ = 0;
  std::unique_ptr<child> process_;
};

/// Lets the process have as many files as the system permits, and ends the program as skipped when those are too few.
void need_files(std::size_t files);

/// Nanoseconds of the monotonic clock, the same in every process.
std::int64_t monotonic_now();

}  // namespace corchestra::bench
