#include "closing_notes.hpp"

#include <array>

#include <corchestra/base/text.hpp>

namespace corchestra::program {

namespace {

// `Waits: dependencies 12.0 s, slots 3.20 s (all tasks together)`; empty when nobody waited.
std::string waits_text(const time_shares& time) {
  constexpr std::pair<time_use, std::string_view> names[] = {
      {time_use::deps, "dependencies"}, {time_use::slot, "slots"},     {time_use::lock, "locks"},
      {time_use::rate, "rates"},        {time_use::budget, "budget"},  {time_use::approval, "approvals"},
      {time_use::backoff, "back-offs"}, {time_use::child, "children"}, {time_use::paused, "pauses"}};
  constexpr duration least = std::chrono::milliseconds(1);
  std::vector<std::string> parts;
  for (const auto& [use, name] : names) {
    if (time[use] >= least) parts.push_back(concat(name, " ", to_text(time[use])));
  }
  return parts.empty() ? std::string() : concat("Waits: ", join(parts, ", "), " (all tasks together)");
}

// `Fought over: 'db' (3 waits, 12.0 s)`; empty when nobody waited for a resource.
std::string contention_text(const std::vector<lock_status>& contention) {
  constexpr std::size_t most = 3;
  std::vector<std::string> parts;
  for (const lock_status& l : contention) {
    if (parts.size() == most) break;
    parts.push_back(concat(quote(l.resource), " (", l.blocked, l.blocked == 1 ? " wait, " : " waits, ", to_text(l.waited), ")"));
  }
  return parts.empty() ? std::string() : concat("Fought over: ", join(parts, ", "));
}

// The tasks that an interrupted run has left, children under their parents.
std::vector<std::string> leftover_lines(const run_result& r) {
  constexpr std::size_t most = 50;
  if (r.state != run_state::interrupted) return {};
  std::vector<std::string> lines = r.unfinished();
  if (lines.empty()) return {};
  const std::size_t all = lines.size();
  if (all > most) {
    lines.resize(most);
    lines.push_back(concat("and ", all - most, " more"));
  }
  lines.insert(lines.begin(), "Not ended:");
  return lines;
}

}  // namespace

std::vector<std::string> closing_notes(const session_result& r) {
  std::vector<std::string> notes;
  for (std::string& text : std::array{waits_text(r.time), contention_text(r.run.contention)})
    if (!text.empty()) notes.push_back(std::move(text));
  for (std::string& line : leftover_lines(r.run)) notes.push_back(std::move(line));
  return notes;
}

}  // namespace corchestra::program
