#pragma once

#include <cstddef>
#include <functional>
#include <memory>

#include <corchestra/core/event.hpp>
#include <corchestra/telemetry/span.hpp>

namespace corchestra::telemetry {

struct span_options {
  trace_options trace;                   ///< the run's own (run_options::trace)
  clock_anchor anchor;                   ///< of the events' times
  telemetry::attributes endpoint;        ///< of the spans of model calls: endpoint_attributes
  bool capture_content = false;          ///< what tasks are asked, what they bring and what went wrong, in words
  std::size_t max_content_bytes = 4096;  ///< of one text
};

/// The fold that makes spans of one run's events: run, analysis, task, attempt, call of a model, each given to `sink`
/// as it ends. docs/telemetry.md lists what is in them. Nothing comes of a run whose parent is not sampled.
class span_fold {
 public:
  span_fold(span_options options, std::function<void(span)> sink);
  ~span_fold();
  span_fold(span_fold&&) noexcept;

  /// Every event of the run, in order.
  void operator()(const event& e);

 private:
  struct impl;
  std::unique_ptr<impl> impl_;
};

}  // namespace corchestra::telemetry
