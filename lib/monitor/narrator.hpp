#pragma once

#include <optional>
#include <string>
#include <vector>

#include <corchestra/core/event.hpp>

#include "monitor/log_line.hpp"
#include "monitor/run_tracker.hpp"

namespace corchestra::detail {

/// Why a task did not complete, in words that name the kind of end.
std::string reason_text(const task_result& r);

/// The tasks a run starts with: the first few ids and the number of all.
struct opening_list {
  std::vector<std::string> ids;
  std::size_t tasks = 0;
};

/// Tells a run in lines, one a fact that people care about.
class narrator {
 public:
  /// `classic`: the opening names every task.
  narrator(const glyphs& g, bool simulated, bool classic) : glyphs_(g), simulated_(simulated), classic_(classic) {}

  /// The lines of one event; `run` has already heard of it.
  std::vector<log_line> tell(const event& e, const run_tracker& run);

  /// `Parallel` or `Sequential`.
  std::string_view manner() const noexcept { return sequential_ ? "Sequential" : "Parallel"; }
  const std::string& end_reason() const noexcept { return end_reason_; }

 private:
  log_line announce_simulation();
  void tell_opening(std::vector<log_line>& out);
  void tell_analysis(const event& e, std::vector<log_line>& out);
  void tell_task_end(const event& e, const run_tracker& run, std::vector<log_line>& out) const;
  void tell_tool(const event& e, std::vector<log_line>& out) const;
  void tell_pause(const event& e, const run_tracker& run, std::vector<log_line>& out) const;
  void tell_approval(const event& e, std::vector<log_line>& out) const;
  void tell_progress(const event& e, std::vector<log_line>& out);

  const glyphs& glyphs_;
  bool simulated_, classic_;
  bool sequential_ = false;
  std::optional<opening_list> opening_;  ///< held back until every task is listed
  std::optional<time_point> progress_at_;
  time_point analysis_at_{};
  std::string end_reason_;
};

}  // namespace corchestra::detail
