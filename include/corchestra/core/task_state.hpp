#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string_view>

namespace corchestra {

/// Where a task call stands. The last six are terminal.
enum class task_state : std::uint8_t {
  pending,         ///< known, not yet admitted
  waiting,         ///< something named by its `wait_reason` is missing
  ready,           ///< only a slot is missing
  running,         ///< an attempt is under way (possibly waiting inside: see `wait_reason`)
  completed,       ///< ended with a result
  failed,          ///< ended with an error, retries used up
  cancelled,       ///< ended on request; the `cancel_reason` says whose
  timeout,         ///< a time limit or deadline passed
  skipped,         ///< never started; the `skip_cause` says why
  limit_exceeded,  ///< a budget or cap was hit
};

/// `slot`: of a running attempt that has what it waited for and cannot go on yet.
enum class wait_reason : std::uint8_t { none, deps, approval, budget, rate, lock, backoff, paused, child, slot };

enum class skip_cause : std::uint8_t { none, upstream_failed, branch_not_taken, cached };

enum class cancel_reason : std::uint8_t {
  none,
  user,
  sibling_failed,
  parent_cancelled,
  budget,
  lease_lost,
  shutdown,
  superseded,
  abandoned,
};

/// How a run stands as a whole.
enum class run_state : std::uint8_t {
  running,
  paused,
  completed,    ///< every task COMPLETED, or SKIPPED for a good cause
  failed,       ///< some task did not
  cancelled,    ///< the run was cancelled as a whole
  interrupted,  ///< drained; unfinished tasks wait for `resume`
};

constexpr bool is_terminal(task_state s) noexcept { return s >= task_state::completed; }
constexpr bool is_terminal(run_state s) noexcept { return s >= run_state::completed; }

/// SKIPPED because the work was not needed, not because something went wrong.
constexpr bool is_good(skip_cause c) noexcept { return c == skip_cause::branch_not_taken || c == skip_cause::cached; }

inline constexpr int task_state_count = 10;
inline constexpr int wait_reason_count = 10;

namespace detail {

constexpr unsigned bit_of(task_state s) noexcept { return 1u << static_cast<unsigned>(s); }

// What may end a task that has not started: every terminal state but COMPLETED, which takes an attempt.
inline constexpr unsigned unstarted_ends = bit_of(task_state::failed) | bit_of(task_state::cancelled) |
                                    bit_of(task_state::timeout) | bit_of(task_state::skipped) |
                                    bit_of(task_state::limit_exceeded);

inline constexpr std::array<unsigned, task_state_count> successors = {
    /* pending */ bit_of(task_state::waiting) | bit_of(task_state::ready) | unstarted_ends,
    /* waiting */ bit_of(task_state::ready) | bit_of(task_state::running) | unstarted_ends,
    /* ready */ bit_of(task_state::waiting) | bit_of(task_state::running) | unstarted_ends,
    /* running */ bit_of(task_state::waiting) | bit_of(task_state::ready) | bit_of(task_state::completed) |
        bit_of(task_state::failed) | bit_of(task_state::cancelled) | bit_of(task_state::timeout) |
        bit_of(task_state::limit_exceeded),
    0,
    0,
    0,
    0,
    0,
    0,
};

}  // namespace detail

/// The transition table: whether `from` may become `to`. Nothing leaves a terminal state.
constexpr bool may_become(task_state from, task_state to) noexcept {
  return (detail::successors[static_cast<unsigned>(from)] & detail::bit_of(to)) != 0;
}

// Names as files and events carry them: states and run states in upper case, reasons in lower case.
std::string_view to_string(task_state s) noexcept;
std::string_view to_string(run_state s) noexcept;
std::string_view to_string(wait_reason r) noexcept;
std::string_view to_string(skip_cause c) noexcept;
std::string_view to_string(cancel_reason r) noexcept;
std::optional<task_state> parse_task_state(std::string_view name) noexcept;

}  // namespace corchestra
