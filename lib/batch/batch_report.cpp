#include <corchestra/batch/batch_report.hpp>

#include <corchestra/base/text.hpp>

#include "batch/progress_text.hpp"

namespace corchestra::batch {

namespace {

std::string requests(std::uint64_t n) { return concat(count_text(n), n == 1 ? " request" : " requests"); }
std::string are_left(std::uint64_t n) { return concat(requests(n), n == 1 ? " is left" : " are left"); }

std::string end_text(const batch_result& r) {
  const batch_progress& p = r.progress;
  const std::uint64_t left = p.requests - p.done - p.failed;
  switch (r.end) {
    case batch_end::finished:
      return left == 0 ? "Batch ended"
                       : concat("Batch ended; ", requests(left), left == 1 ? " was" : " were", " not wanted");
    case batch_end::drained:
      return concat("Batch interrupted; ", are_left(left));
    case batch_end::cancelled:
      return concat("Batch cancelled; ", are_left(left));
    case batch_end::budget:
      return concat("Budget used up; ", are_left(left));
    case batch_end::endpoint:
      return concat("Batch stopped; ", are_left(left));
  }
  return {};
}

ordered_json money_json(const std::optional<llm::money>& m) { return m ? ordered_json(m->to_text()) : ordered_json(); }

}  // namespace

std::string_view to_string(batch_end e) noexcept {
  switch (e) {
    case batch_end::finished:
      return "finished";
    case batch_end::drained:
      return "drained";
    case batch_end::cancelled:
      return "cancelled";
    case batch_end::budget:
      return "budget";
    case batch_end::endpoint:
      return "endpoint";
  }
  return "unknown";
}

std::vector<std::string> report_lines(const batch_result& r) {
  const batch_progress& p = r.progress;
  const double seconds = to_seconds(p.elapsed);
  std::string head =
      concat(end_text(r), ": ", count_text(p.done), " done, ", count_text(p.failed), " failed in ", to_text(p.elapsed));
  if (p.ended > 0 && seconds > 0)
    head += concat(" (", fixed(static_cast<double>(p.ended) / seconds, 1), " requests/s)");
  std::vector<std::string> lines{std::move(head)};
  if (r.why) lines.push_back(concat("   Why:       ", r.why->message));
  lines.push_back(concat("   Answers:   ", r.output.string()));
  if (p.failed > 0)
    lines.push_back(concat("   Failures:  ", r.errors.string(), " (", causes_text(p.failures, 8),
                           "): --retry-failed sends them again"));
  if (p.usage.known()) lines.push_back(concat("   Tokens:    ", tokens_text(p.usage)));
  if (const std::string cost = cost_text(p, ", "); !cost.empty()) lines.push_back(concat("   Cost:      ", cost));
  if (p.usage_missing) lines.emplace_back("   Warning:   the endpoint stopped telling the usage of its replies");
  if (r.end != batch_end::finished) lines.emplace_back("   Go on:     the same command again");
  return lines;
}

ordered_json to_json_value(const batch_result& r) {
  const batch_progress& p = r.progress;
  ordered_json failures = ordered_json::object();
  for (const auto& [code, n] : p.failures) failures[code] = n;
  return {{"end", to_string(r.end)},
          {"why", r.why ? ordered_json(r.why->message) : ordered_json()},
          {"requests", p.requests},
          {"done", p.done},
          {"failed", p.failed},
          {"left", p.requests - p.done - p.failed},
          {"ended_in_this_run", p.ended},
          {"failures", std::move(failures)},
          {"wall_seconds", to_seconds(p.elapsed)},
          {"usage", to_json_value(p.usage)},
          {"spent_usd", p.spent.to_text()},
          {"budget_usd", money_json(p.budget)},
          {"unpriced_calls", p.unpriced_calls},
          {"estimated_calls", p.estimated_calls},
          {"usage_missing", p.usage_missing},
          {"output", r.output.string()},
          {"errors", r.errors.string()},
          {"state", r.state.string()}};
}

std::string cost_words(const cost_estimate& cost) {
  return concat("about ", money_text(cost.likely), cost.most ? concat(", at most ", money_text(*cost.most)) : "");
}

std::vector<std::string> plan_lines(const batch_job& job) {
  const batch_input& input = job.input();
  const cost_estimate cost = job.estimated_cost();
  std::vector<std::string> lines{
      concat(requests(input.requests), " to ", input.path, ", ", count_text(job.left()), " to be sent")};
  for (const auto& [model, share] : input.models)
    lines.push_back(concat("   ", model, ": ", requests(share.requests), ", ", count_text(share.bytes), " bytes"));
  if (cost.unpriced < input.requests) {
    lines.push_back(concat("   Cost:  ", cost_words(cost)));
  }
  if (cost.unpriced > 0) lines.push_back(concat("   Cost:  not known for ", requests(cost.unpriced)));
  return lines;
}

ordered_json plan_json(const batch_job& job) {
  const batch_input& input = job.input();
  const cost_estimate cost = job.estimated_cost();
  ordered_json models = ordered_json::object();
  for (const auto& [name, m] : input.models)
    models[name] = {{"requests", m.requests},
                    {"bytes", m.bytes},
                    {"max_tokens", m.max_tokens},
                    {"without_max_tokens", m.unbounded}};
  return {{"requests", input.requests},
          {"left", job.left()},
          {"path", input.path},
          {"xxh128", input.xxh128},
          {"models", std::move(models)},
          {"likely_usd", cost.likely.to_text()},
          {"most_usd", money_json(cost.most)},
          {"unpriced_requests", cost.unpriced}};
}

}  // namespace corchestra::batch
