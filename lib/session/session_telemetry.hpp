#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <corchestra/core/trace_context.hpp>
#include <corchestra/plan/settings.hpp>
#include <corchestra/telemetry/otlp_exporter.hpp>

namespace corchestra {

/// What a session does for the traces that it is part of, and for its collector.
class session_telemetry {
 public:
  /// Error: `invalid_config` for settings that cannot be used.
  static result<session_telemetry> open(const any_io_executor& executor, const settings& s, const logger& log);

  /// For run_options::trace.
  const std::optional<trace_options>& trace() const noexcept { return trace_; }
  /// What the HTTP requests of the analysis carry: its span, or the caller's where nothing is exported.
  std::vector<std::pair<std::string, std::string>> analysis_headers(std::string_view run_id) const;
  /// Of the events of the session's run; empty when nothing is exported.
  event_sink observer(const clock_anchor& anchor) const;
  /// Sends what waits, within a time limit.
  awaitable<void> finish();

 private:
  std::optional<trace_options> trace_;
  std::optional<telemetry::otlp_exporter> exporter_;
  telemetry::attributes endpoint_;
  bool capture_content_ = false;
};

}  // namespace corchestra
