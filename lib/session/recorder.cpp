#include "session/recorder.hpp"

#include <corchestra/monitor/chrome_trace.hpp>
#include <corchestra/monitor/records.hpp>
#include <corchestra/monitor/timeline_svg.hpp>

#include "session/redaction.hpp"

namespace corchestra {

recorder::recorder(std::string run_id, clock_anchor anchor, output_folder folder, redactor redact, event_sink observer,
                   std::function<void()> on_loss)
    : run_id_(std::move(run_id)),
      anchor_(anchor),
      folder_(std::move(folder)),
      redact_(std::move(redact)),
      observer_(std::move(observer)),
      on_loss_(std::move(on_loss)) {}

void recorder::before_run(event_type type, time_point at, json data) {
  event e;
  e.seq = ++earlier_;
  e.at = at;
  e.type = type;
  e.run_id = run_id_;
  e.data = std::move(data);
  record(e);
}

void recorder::operator()(event e) {
  e.seq += earlier_;
  if (e.type == event_type::run_started) folder_.begin();
  record(e);
}

void recorder::record(const event& e) {
  timeline_(e);
  attribution_(e);
  cost_(e);
  if (e.type == event_type::task_ended && e.result) {
    folder_.write_output(*e.result);
    const auto spent = attribution_.of(e.task);
    folder_.add_result(result_record(*e.result, anchor_, spent ? &*spent : nullptr));
    if (folder_.lost_results() > 0 && !std::exchange(told_, true)) on_loss_();
  }
  folder_.add_event(to_record(e, anchor_));
  if (!observer_) return;
  if (redact_.empty()) return observer_(e);
  const redacted_event clean(e, redact_);
  observer_(clean.value());
}

void recorder::finish(const ordered_json& summary) {
  folder_.write("timeline.svg", timeline_svg(timeline_.value()));
  folder_.write("trace.json", chrome_trace(timeline_.value()));
  folder_.write("summary.json", dump_json(summary, 2) + '\n');
}

}  // namespace corchestra
