#pragma once

#include <optional>
#include <string>

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
