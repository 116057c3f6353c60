#pragma once

#include <corchestra/core/event.hpp>
#include <corchestra/telemetry/otlp_exporter.hpp>
#include <corchestra/telemetry/span_fold.hpp>

namespace corchestra::telemetry {

/// What makes spans and metrics of one run's events: for run_callbacks::on_event, alone or called by another callback.
/// `options.trace` is what run_options::trace holds; `options.anchor` is `time_service::of(executor).anchor()`.
event_sink observe_run(otlp_exporter exporter, span_options options);

}  // namespace corchestra::telemetry
