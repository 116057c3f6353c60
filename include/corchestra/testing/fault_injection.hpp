#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <corchestra/runtime/agent.hpp>
#include <corchestra/runtime/run.hpp>

namespace corchestra::testing {

/// What goes wrong in one attempt, `after` the wrapped agent has worked that long (zero: before it begins). An agent
/// that ends earlier is spared, but for `slow`.
struct fault {
  enum class kind : std::uint8_t {
    fail,         ///< the agent is cut short, the attempt ends with `with`
    throws,       ///< the agent is cut short, the attempt throws std::runtime_error
    cut,          ///< the agent is cut short without an answer, as by a lost connection: a transient `connection_lost`
    stall,        ///< the agent is cut short, the attempt never ends unless it is cancelled
    deaf,         ///< as stall, and it ignores cancellation for `by`
    slow,         ///< the answer comes `by` later
    cancel_task,  ///< somebody cancels the task, the agent goes on until that reaches it
    cancel_run,   ///< somebody cancels the whole run
  } what = kind::fail;
  duration after{};
  duration by = std::chrono::seconds(1);
  std::optional<error> with;  ///< of `fail`; absent: a transient task_failed
};

std::string_view to_string(fault::kind k) noexcept;

/// An agent around another one, with faults by script or by chance. What happens by chance depends on the seed, the
/// task and the attempt only: not on the order in which tasks run.
class faulty_agent : public agent {
 public:
  explicit faulty_agent(std::shared_ptr<agent> inner) : inner_(std::move(inner)) {}

  /// At the k-th attempt that this agent is asked for, counted from 1 over all tasks.
  faulty_agent& at_step(std::size_t k, fault f);
  /// At one attempt of one task.
  faulty_agent& on(std::string task, std::uint32_t attempt, fault f);
  /// Each other attempt with `probability`, one of `choices`.
  faulty_agent& by_chance(std::uint64_t seed, double probability, std::vector<fault> choices);
  /// The run that cancel_task and cancel_run are about; without it they do nothing.
  void attach(class run r) { run_ = std::move(r); }

  awaitable<result<task_output>> run(task_context context) override;

  /// One fault that struck.
  struct strike {
    std::string task;
    std::uint32_t attempt = 0;
    fault::kind what{};
  };
  const std::vector<strike>& strikes() const noexcept { return strikes_; }  ///< in order
  std::size_t steps() const noexcept { return steps_; }                     ///< attempts asked for

 private:
  std::optional<fault> choose(const task_context& context);
  awaitable<result<task_output>> suffer(task_context context, fault f);

  std::shared_ptr<agent> inner_;
  std::map<std::size_t, fault> by_step_;
  std::map<std::pair<std::string, std::uint32_t>, fault> by_task_;
  std::vector<fault> choices_;
  double probability_ = 0;
  std::uint64_t seed_ = 0;
  std::optional<corchestra::run> run_;
  std::vector<strike> strikes_;
  std::size_t steps_ = 0;
};

}  // namespace corchestra::testing
