#pragma once

#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include <corchestra/analysis/dependency_analyzer.hpp>
#include <corchestra/plan/plan_document.hpp>
#include <corchestra/plan/settings.hpp>
#include <corchestra/runtime/orchestrator.hpp>

namespace corchestra {

struct session_options {
  plan_document plan;
  corchestra::settings settings;
  std::filesystem::path output_folder;  ///< empty: `corchestra-runs/<run id>`
  bool force = false;                   ///< allow an existing non-empty output folder
  bool simulated = false;               ///< `settings.base_url` is a simulated model
  event_sink on_event;                  ///< on the run's strand
  std::function<void(const analysis_result&)> on_analysis;
  std::function<void(run)> on_started;  ///< the handle, for cancelling and draining
  corchestra::logger logger;
};

struct session_result {
  run_result run;
  ordered_json summary;                 ///< as in summary.json
  std::filesystem::path output_folder;
  bool endpoint_unreachable = false;    ///< LLM calls were made and not one reached the endpoint or passed its authentication
};

/// Configuration + plan + endpoint to a finished run with its files: what `corchestra run` does. Errors (nothing was run):
/// `invalid_plan`, `invalid_config`, `no_endpoint`, `file_error`, `analysis_failed`, ... Runs on the current executor.
awaitable<result<session_result>> run_session(session_options options);

/// The analysis alone: what `corchestra analyze` does.
awaitable<result<analysis_result>> analyze_plan(const plan_document& plan, const settings& s, logger log);

}  // namespace corchestra
