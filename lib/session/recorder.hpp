#pragma once

#include <functional>
#include <string>

#include <corchestra/core/event.hpp>
#include <corchestra/core/time_attribution.hpp>
#include <corchestra/core/timeline.hpp>
#include <corchestra/session/session.hpp>

#include "session/cost_tally.hpp"
#include "session/output_folder.hpp"

namespace corchestra {

/// Where every fact of a session goes: files, timeline, observer. Facts from before the run come first in its
/// numbering.
class recorder {
 public:
  /// `on_loss`: a result could not be written; called once.
  recorder(std::string run_id, clock_anchor anchor, output_folder folder, redactor redact, event_sink observer,
           std::function<void()> on_loss);

  /// A fact about the run from before it started.
  void before_run(event_type type, time_point at, json data);
  /// The run's own events.
  void operator()(event e);
  /// The files of the end, summary.json last: where it is, all the others are complete.
  void finish(const ordered_json& summary);

  ordered_json cost() const { return cost_.to_json_value(); }
  time_shares time() const { return attribution_.totals(); }
  output_folder& folder() noexcept { return folder_; }

 private:
  void record(const event& e);

  std::string run_id_;
  clock_anchor anchor_;
  output_folder folder_;
  redactor redact_;
  event_sink observer_;
  std::function<void()> on_loss_;
  timeline_fold timeline_;
  cost_tally cost_;
  time_attribution attribution_{time_attribution::keep::tasks};
  std::uint64_t earlier_ = 0;  // facts before the run
  bool told_ = false;          // that a result was lost
};

}  // namespace corchestra
