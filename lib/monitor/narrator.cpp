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

std::int64_t number_at(const json& data, std::string_view key) {
  if (!data.is_object()) return 0;
  const auto it = data.find(key);
  return it != data.end() && it->is_number_integer() ? it->get<std::int64_t>() : 0;
}

duration milliseconds_of(const json& data, std::string_view key) {
  return std::chrono::milliseconds(number_at(data, key));
}

bool flag_of(const json& data, std::string_view key) {
  if (!data.is_object()) return false;
  const auto it = data.find(key);
  return it != data.end() && it->is_boolean() && it->get<bool>();
}

/// `$1.20 of $2.00, 1,200 of 5,000 tokens`: only what has a limit.
std::string spending_text(const json& data) {
  std::vector<std::string> parts;
  const auto spent = data.find("spent"), limit = data.find("limit");
  if (spent == data.end() || limit == data.end()) return {};
  if (limit->is_object() && limit->contains("micro_dollars")) {
    parts.push_back(concat(dollars_text(number_at(*spent, "micro_dollars")), " of ",
                           dollars_text(number_at(*limit, "micro_dollars"))));
  }
  if (limit->is_object() && limit->contains("tokens")) {
    parts.push_back(concat(grouped_text(number_at(*spent, "tokens")), " of ", grouped_text(number_at(*limit, "tokens")),
                           " tokens"));
  }
  return join(parts, ", ");
}

std::string budget_text(const json& data) {
  if (!data.is_object()) return "A budget is running out";
  const std::string name = text_of(data, "budget"), figures = spending_text(data);
  return concat("Budget", name.empty() ? "" : " of ", name, flag_of(data, "exhausted") ? " used up" : " running out",
                figures.empty() ? "" : ": ", figures, figures.empty() ? "" : " spent");
}

std::string counted(std::size_t n, std::string_view what) {
  return concat(grouped_text(static_cast<std::int64_t>(n)), ' ', what, n == 1 ? "" : "s");
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
    if (classic_ || opening_->ids.size() < listed_ids) opening_->ids.emplace_back(e.task_id);
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
      if (!e.retry_in) break;
      out.push_back({log_weight::fact, glyphs_.retry, text_style::caution,
                     concat(e.task_id, ": attempt ", e.attempt, " failed: ", e.error ? e.error->message : "",
                            "; next try in ", to_text(*e.retry_in))});
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
    case event_type::run_paused:
    case event_type::run_resumed:
      tell_pause(e, run, out);
      break;
    case event_type::approval_requested:
    case event_type::approval_answered:
      tell_approval(e, out);
      break;
    case event_type::budget_alert:
      out.push_back({log_weight::fact, glyphs_.warning, text_style::caution, budget_text(e.data)});
      break;
    case event_type::task_stalled: {
      const std::string message = text_of(e.data, "message");
      out.push_back({log_weight::fact, glyphs_.warning, text_style::caution,
                     concat(e.task_id, ": no sign of life for ", to_text(milliseconds_of(e.data, "silent_ms")),
                            message.empty() ? "" : ": ", message)});
      break;
    }
    case event_type::tool_ended:
      tell_tool(e, out);
      break;
    case event_type::task_submitted:
    case event_type::task_state_changed:
    case event_type::model_call:
    case event_type::tool_started:
    case event_type::model_call_ended:
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
  const std::string agents = classic_ ? concat(opening_->tasks, " agents") : counted(opening_->tasks, "agent");
  std::string ids = join(opening_->ids, ", ");
  if (const std::size_t more = opening_->tasks - opening_->ids.size(); more > 0) {
    ids += concat(", ", glyphs_.ellipsis, " and ", grouped_text(static_cast<std::int64_t>(more)), " more");
  }
  out.push_back({log_weight::fact, glyphs_.run, text_style::accent,
                 concat("Starting ", to_lower(manner()), " execution of ", agents, ": [", ids, "]")});
  opening_.reset();
}

void narrator::tell_analysis(const event& e, std::vector<log_line>& out) {
  if (simulated_) out.push_back(announce_simulation());
  if (e.type == event_type::analysis_started) {
    analysis_at_ = e.at;
    const auto tasks = static_cast<std::size_t>(std::max<std::int64_t>(0, number_at(e.data, "tasks")));
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

void narrator::tell_tool(const event& e, std::vector<log_line>& out) const {
  const std::string outcome = text_of(e.data, "outcome"), message = text_of(e.data, "message");
  const bool ok = outcome == "ok";
  out.push_back({log_weight::detail, ok ? glyphs_.note : glyphs_.warning, ok ? text_style::dim : text_style::caution,
                 concat(e.task_id, ": tool ", text_of(e.data, "tool"), " ", outcome, " after ",
                        seconds_text(milliseconds_of(e.data, "elapsed_ms")), message.empty() ? "" : ": ", message)});
}

void narrator::tell_pause(const event& e, const run_tracker& run, std::vector<log_line>& out) const {
  const std::string agent = text_of(e.data, "agent"), message = text_of(e.data, "message");
  const std::string whom = agent.empty() ? "" : concat(" of agent ", agent);
  if (e.type == event_type::run_resumed) {
    out.push_back({log_weight::fact, glyphs_.started, text_style::accent,
                   concat("Resumed", agent.empty() ? "" : ": agent ", agent)});
    return;
  }
  out.push_back({log_weight::fact, glyphs_.stopped, text_style::caution,
                 concat("Paused: nothing new", whom, " starts; ", counted(run.counts().running, "running task"),
                        run.counts().running == 1 ? " goes on" : " go on", message.empty() ? "" : ": ", message)});
}

void narrator::tell_approval(const event& e, std::vector<log_line>& out) const {
  const std::string message = text_of(e.data, "message");
  if (e.type == event_type::approval_requested) {
    const duration limit = milliseconds_of(e.data, "timeout_ms");
    out.push_back(
        {log_weight::fact, glyphs_.question, text_style::caution,
         concat(e.task_id, " waits for approval", limit > duration::zero() ? concat(" (", to_text(limit), ")") : "",
                message.empty() ? "" : ": ", message)});
    return;
  }
  const bool approved = flag_of(e.data, "approved");
  out.push_back({log_weight::fact, approved ? glyphs_.completed : glyphs_.failed,
                 approved ? text_style::good : text_style::bad,
                 concat(e.task_id, approved ? " approved" : " refused",
                        flag_of(e.data, "by_default") ? " by default: no answer came in time" : "",
                        message.empty() ? "" : ": ", message)});
}

void narrator::tell_progress(const event& e, std::vector<log_line>& out) {
  if (progress_at_ && e.at - *progress_at_ < progress_interval) return;
  progress_at_ = e.at;
  const std::string message = text_of(e.data, "message");
  out.push_back({log_weight::detail, glyphs_.note, text_style::dim,
                 concat(e.task_id, ": ", percent_text(e.progress), message.empty() ? "" : " ", message)});
}

}  // namespace corchestra::detail
