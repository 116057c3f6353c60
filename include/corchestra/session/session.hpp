#pragma once

#include <filesystem>
#include <functional>
#include <optional>
#include <string>

#include <corchestra/analysis/dependency_analyzer.hpp>
#include <corchestra/core/time_attribution.hpp>
#include <corchestra/plan/plan_document.hpp>
#include <corchestra/plan/settings.hpp>
#include <corchestra/runtime/orchestrator.hpp>

namespace corchestra {

/// Who answers the questions of a plan's approval rules.
enum class approval_answers : std::uint8_t {
  wait,      ///< whoever holds the run (`on_started`), else the passing of a rule's time limit
  approve,   ///< yes, at once
  refuse,    ///< no, at once
  standard,  ///< at once what the passing of the rule's time limit would mean
};

struct session_options {
  plan_document plan;
  corchestra::settings settings;
  std::filesystem::path output_folder;  ///< empty: `corchestra-runs/<run id>`
  bool force = false;      ///< an existing non-empty folder is taken; only files of an earlier run are replaced
  bool simulated = false;  ///< `settings.base_url` is a simulated model
  approval_answers approvals = approval_answers::wait;
  bool somebody_answers = true;  ///< else `wait` refuses a plan with questions that have no time limit
  event_sink on_event;           ///< analysis events from the caller's executor, then the run's on its strand
  std::function<void(const analysis_result&)> on_analysis;
  std::function<void(run)> on_started;  ///< the handle, for cancelling and draining
  corchestra::logger logger;
};

struct session_result {
  run_result run;
  ordered_json summary;  ///< as in summary.json
  std::filesystem::path output_folder;
  std::optional<analysis_result> analysis;  ///< absent: there was none
  bool endpoint_unreachable =
      false;         ///< LLM calls were made and not one reached the endpoint or passed its authentication
  time_shares time;  ///< what the tasks' time went to, all together
  std::optional<error> output_error;  ///< the first file that could not be written; the run was drained when it was results.jsonl
};

/// The settings that overrule what a plan says about its run.
void apply_settings(const settings& s, run_options& o);

/// Configuration + plan + endpoint to a finished run with its files: what `corchestra run` does. Errors (nothing was
/// run): `invalid_plan`, `invalid_config`, `no_endpoint`, `file_error`, `analysis_failed`, the endpoint's own when an
/// analysis was insisted on, `cancelled`. Runs on the current executor. Cancelling the awaiting coroutine cancels the
/// run (reason `user`), and this returns when it has ended and its files are complete. The API key appears in no file
/// and no error. Durations of earlier runs of the same name are taken into account, and this run's are added to them
/// (learned_durations.hpp) unless it was simulated, replayed, or got a reply from a response cache.
awaitable<result<session_result>> run_session(session_options options);

struct plan_analysis {
  std::optional<analysis_result> analysis;  ///< absent: switched off, or no task leaves its dependencies open
  bool endpoint_unreachable = false;
};

/// The analysis alone: what `corchestra analyze` does. Unlike in a run, `automatic` without an endpoint is the error
/// `no_endpoint`; `never` gives the explicit dependencies only.
awaitable<result<plan_analysis>> analyze_plan(plan_document plan, settings s, bool simulated, logger log);

}  // namespace corchestra
