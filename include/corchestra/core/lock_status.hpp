#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include <corchestra/base/time.hpp>
#include <corchestra/core/task_call.hpp>

namespace corchestra {

/// Who holds and who waits for a resource, and how much it is fought over.
struct lock_status {
  std::string resource;
  lock_mode mode{};  ///< the strongest that is held
  std::vector<std::string> holders, waiters;
  bool quarantined = false;             ///< held by a body that was abandoned and has not ended
  std::uint32_t capacity = 0, in_use = 0;  ///< of a counter or rate; 0 for locks
  optional_duration period;             ///< of a rate
  // contention since the run began
  std::uint64_t grants = 0, blocked = 0;  ///< sets granted with it, and times a set had to wait for it
  duration waited{};                    ///< by all tasks together
};

}  // namespace corchestra
