#include "monitor/task_table.hpp"

#include <algorithm>

#include <corchestra/base/text.hpp>

#include "monitor/narrator.hpp"
#include "monitor/number_text.hpp"
#include "monitor/text_width.hpp"

namespace corchestra::detail {

namespace {

constexpr std::size_t state_columns = 14, number_columns = 10;
constexpr std::size_t max_id = 40, max_agent = 24, max_why = 500;

bool is_failure(task_state s) { return s != task_state::completed && s != task_state::skipped; }

text_style style_of(task_state s) {
  if (s == task_state::completed) return text_style::good;
  return s == task_state::skipped ? text_style::dim : text_style::bad;
}

}  // namespace

void task_table::add(const task_result& r, std::size_t index) {
  ++ended_;
  if (is_failure(r.state)) ++failed_;
  auto& rows = r.success() ? completed_ : others_;
  if (rows.size() >= max_rows) return;
  std::string why = is_failure(r.state) ? one_line(reason_text(r), max_why) : std::string();
  rows.push_back({index, r.id, r.agent, r.state, r.started_at.has_value(), r.last_duration(), r.attempts, r.usage,
                  std::move(why)});
}

std::vector<task_table::row> task_table::shown() const {
  std::vector<row> rows = others_;
  const std::size_t room = max_rows - rows.size();
  rows.insert(rows.end(), completed_.begin(),
              completed_.begin() + static_cast<std::ptrdiff_t>(std::min(room, completed_.size())));
  std::sort(rows.begin(), rows.end(), [](const row& a, const row& b) { return a.index < b.index; });
  return rows;
}

std::vector<styled_line> task_table::lines(const glyphs& g, bool color, std::size_t max_columns) const {
  std::vector<styled_line> out;
  const std::vector<row> rows = shown();
  if (rows.empty()) return out;
  std::size_t id_columns = 4, agent_columns = 5;
  for (const auto& r : rows) {
    id_columns = std::max(id_columns, std::min(max_id, display_width(r.id)));
    agent_columns = std::max(agent_columns, std::min(max_agent, display_width(r.agent)));
  }
  const auto line = [&](std::string_view id, std::string_view agent, std::string_view state, text_style style,
                        std::string_view took, std::string_view attempts, std::string_view tokens) {
    styled_line l(color, g.ellipsis, max_columns);
    l.add("   ").field(id, id_columns).add("  ").field(agent, agent_columns).add("  ");
    l.field(state, state_columns, false, style);
    for (const std::string_view n : {took, attempts, tokens}) l.field(n, number_columns, true);
    out.push_back(std::move(l));
  };
  line("task", "agent", "state", text_style::plain, "duration", "attempts", "tokens");
  std::string rule;
  for (std::size_t i = 0; i < id_columns + agent_columns + state_columns + 3 * number_columns + 4; ++i) rule += g.rule;
  out.push_back(styled_line(color, "", max_columns).add("   ").add(rule, text_style::dim));
  for (const auto& r : rows) {
    line(r.id, r.agent, to_string(r.state), style_of(r.state), r.started ? seconds_text(r.took) : "-",
         concat(r.attempts), r.usage.known() ? grouped_text(r.usage.total_tokens()) : "-");
  }
  if (ended_ > rows.size()) {
    out.push_back(
        styled_line(color, g.ellipsis, max_columns)
            .add(concat("   ", g.ellipsis, " and ", grouped_text(static_cast<std::int64_t>(ended_ - rows.size())),
                        " more: results.jsonl has them all"),
                 text_style::dim));
  }
  return out;
}

std::vector<log_line> task_table::failures(const glyphs& g) const {
  std::vector<log_line> out;
  for (const auto& r : others_) {
    if (!is_failure(r.state)) continue;
    if (out.size() == max_failures) break;
    out.push_back({log_weight::fact, g.failed, text_style::bad, concat(r.id, ": ", r.why)});
  }
  if (failed_ > out.size()) {
    out.push_back(
        {log_weight::fact, "", text_style::plain,
         concat(g.ellipsis, " and ", grouped_text(static_cast<std::int64_t>(failed_ - out.size())), " more")});
  }
  return out;
}

}  // namespace corchestra::detail
