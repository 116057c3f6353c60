#include <corchestra/core/task_state.hpp>

#include <array>

namespace corchestra {

namespace {

constexpr std::array<std::string_view, task_state_count> state_names = {
    "PENDING", "WAITING",   "READY",   "RUNNING", "COMPLETED",
    "FAILED",  "CANCELLED", "TIMEOUT", "SKIPPED", "LIMIT_EXCEEDED",
};

}  // namespace

std::string_view to_string(task_state s) noexcept { return state_names[static_cast<std::size_t>(s)]; }

std::string_view to_string(run_state s) noexcept {
  constexpr std::array<std::string_view, 6> names = {"RUNNING", "PAUSED",    "COMPLETED",
                                                     "FAILED",  "CANCELLED", "INTERRUPTED"};
  return names[static_cast<std::size_t>(s)];
}

std::string_view to_string(wait_reason r) noexcept {
  constexpr std::array<std::string_view, 10> names = {"none", "deps",    "approval", "budget", "rate",
                                                      "lock", "backoff", "paused",   "child",  "slot"};
  return names[static_cast<std::size_t>(r)];
}

std::string_view to_string(skip_cause c) noexcept {
  constexpr std::array<std::string_view, 4> names = {"none", "upstream_failed", "branch_not_taken", "cached"};
  return names[static_cast<std::size_t>(c)];
}

std::string_view to_string(cancel_reason r) noexcept {
  constexpr std::array<std::string_view, 9> names = {"none",     "user",       "sibling_failed", "parent_cancelled",
                                                     "budget",   "lease_lost", "shutdown",       "superseded",
                                                     "abandoned"};
  return names[static_cast<std::size_t>(r)];
}

std::optional<task_state> parse_task_state(std::string_view name) noexcept {
  for (std::size_t i = 0; i < state_names.size(); ++i) {
    if (state_names[i] == name) return static_cast<task_state>(i);
  }
  return std::nullopt;
}

}  // namespace corchestra
