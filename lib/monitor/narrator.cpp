#include "monitor/narrator.hpp"

#include <algorithm>

#include <corchestra/base/text.hpp>

#include "monitor/number_text.hpp"

namespace corchestra::detail {

namespace {

constexpr std::size_t listed_ids = 12;
constexpr duration progress_interval = std::chrono::seconds(5);

std::string text_of(const json& data, std::string_view key) {
  if (!data.is_object()) return {};
  const auto it = data.find(key);
  return it != data.end() && it->is_string() ? it->get<std::string>() : std::string{};
}

std::int64_t number_of(const json& data, std::string_view key) {
  if (!data.is_object()) return 0;
  const auto it = data.find(key);
  return it != data.end() && it->is_number_integer() ? it->get<std::int64_t>() : 0;
}

std::string counted(std::size_t n, std::string_view what) {
  return concat(grouped(static_cast<std::int64_t>(n)), ' ', what, n == 1 ? "" : "s");
}

}  // namespace

std::string reason_text(const task_result& r) {
  std::string_view why;
  if (r.state == task_state::cancelled && r.cancelled != cancel_reason::none) why = to_string(r.cancelled);
  if (r.state == task_state::skipped && r.skipped != skip_cause::none) why = to_string(r.skipped);
  if (r.reason.starts_with(why)) return r.reason;
  return r.reason.empty() ? std::string(why) : concat(why, ": ", r.reason);
}

std::vector<log_line> narrator::tell(const event& e, const run_tracker& run) {
  std::vector<log_line> out;
  if (opening_ && e.type == event_type::task_submitted) {
    ++opening_->tasks;
    if (opening_->ids.size() < listed_ids) opening_->ids.emplace_back(e.task_id);
    return out;
  }
  tell_opening(out);
  switch (e.type) {
    case event_type::run_started:
      sequential_ = text_of(e.data, "mode") == "sequential";
      opening_.emplace();
      break;
    case event_type::run_ended:
      end_reason_ = text_of(e.data, "reason");
      break;
    case event_type::run_draining:
      out.push_back(
          {log_weight::fact, glyphs_.stopped, text_style::caution,
           concat("Draining: nothing new starts, ", counted(run.counts().running, "running task"), " will finish")});
      break;
    case event_type::cancel_requested: {
      const std::string why = text_of(e.data, "reason"), message = text_of(e.data, "message");
      out.push_back({log_weight::fact, glyphs_.stopped, text_style::caution,
                     concat("Cancelling ", e.task_id.empty() ? "the run" : e.task_id, " (", why,
                            message.empty() ? "" : ": ", message, ")")});
      break;
    }
    case event_type::analysis_started:
    case event_type::analysis_ended:
      tell_analysis(e, out);
      break;
    case event_type::attempt_started:
      out.push_back(
          {log_weight::detail, glyphs_.started, text_style::accent,
           concat(e.task_id, " started (", e.agent, e.attempt > 1 ? concat(", attempt ", e.attempt) : "", ")")});
      break;
    case event_type::attempt_ended:
      if (!e.data.is_object() || !e.data.contains("retry_in_ms")) break;
      out.push_back(
          {log_weight::fact, glyphs_.retry, text_style::caution,
           concat(e.task_id, ": attempt ", e.attempt, " failed: ", e.error ? e.error->message : "", "; next try in ",
                  to_text(duration(std::chrono::milliseconds(number_of(e.data, "retry_in_ms")))))});
      break;
    case event_type::task_progress:
      tell_progress(e, out);
      break;
    case event_type::task_ended:
      if (e.result) tell_task_end(e, run, out);
      break;
    case event_type::warning:
      out.push_back({log_weight::fact, glyphs_.warning, text_style::caution,
                     concat(e.task_id, e.task_id.empty() ? "" : ": ", text_of(e.data, "message"))});
      break;
    case event_type::task_submitted:
    case event_type::task_state_changed:
    case event_type::model_call:
      break;
  }
  return out;
}

log_line narrator::announce_simulation() {
  simulated_ = false;
  return {log_weight::fact, glyphs_.warning, text_style::caution, "Simulated model: its replies are made up"};
}

void narrator::tell_opening(std::vector<log_line>& out) {
  if (!opening_) return;
  if (simulated_) out.push_back(announce_simulation());
  std::string ids = join(opening_->ids, ", ");
  if (const std::size_t more = opening_->tasks - opening_->ids.size(); more > 0) {
    ids += concat(", ", glyphs_.ellipsis, " and ", grouped(static_cast<std::int64_t>(more)), " more");
  }
  out.push_back(
      {log_weight::fact, glyphs_.run, text_style::accent,
       concat("Starting ", to_lower(manner()), " execution of ", counted(opening_->tasks, "agent"), ": [", ids, "]")});
  opening_.reset();
}

void narrator::tell_analysis(const event& e, std::vector<log_line>& out) {
  if (simulated_) out.push_back(announce_simulation());
  if (e.type == event_type::analysis_started) {
    analysis_at_ = e.at;
    const auto tasks = static_cast<std::size_t>(std::max<std::int64_t>(0, number_of(e.data, "tasks")));
    out.push_back({log_weight::fact, glyphs_.note, text_style::accent,
                   concat("Analyzing the dependencies of ", counted(tasks, "task"))});
    return;
  }
  const std::size_t edges = e.data.is_object() && e.data.contains("edges") ? e.data["edges"].size() : 0;
  out.push_back({log_weight::fact, glyphs_.note, text_style::accent,
                 concat("Dependency analysis: ", edges, edges == 1 ? " dependency" : " dependencies", " added (",
                        text_of(e.data, "source"), ", ", seconds_text(e.at - analysis_at_), ")")});
  if (const std::string warning = text_of(e.data, "warning"); !warning.empty()) {
    out.push_back({log_weight::fact, glyphs_.warning, text_style::caution, warning});
  }
}

void narrator::tell_task_end(const event& e, const run_tracker& run, std::vector<log_line>& out) const {
  const task_result& r = *e.result;
  switch (r.state) {
    case task_state::completed:
      out.push_back({log_weight::fact, glyphs_.completed, text_style::good,
                     concat("Agent ", r.id, " completed (", run.counts().ended, '/', run.counts().tasks, ") in ",
                            seconds_text(r.last_duration()))});
      break;
    case task_state::skipped:
      out.push_back({log_weight::fact, glyphs_.skipped, text_style::dim, concat(r.id, " skipped: ", reason_text(r))});
      break;
    case task_state::cancelled:
      out.push_back(
          {log_weight::failure, glyphs_.failed, text_style::bad, concat(r.id, ": cancelled: ", reason_text(r))});
      break;
    default:
      out.push_back({log_weight::failure, glyphs_.failed, text_style::bad, concat(r.id, ": ", reason_text(r))});
  }
}

void narrator::tell_progress(const event& e, std::vector<log_line>& out) {
  if (progress_at_ && e.at - *progress_at_ < progress_interval) return;
  progress_at_ = e.at;
  const std::string message = text_of(e.data, "message");
  out.push_back({log_weight::detail, glyphs_.note, text_style::dim,
                 concat(e.task_id, ": ", percent_text(e.progress), message.empty() ? "" : " ", message)});
}

}  // namespace corchestra::detail
