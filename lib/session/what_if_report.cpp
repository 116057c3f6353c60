#include <corchestra/session/what_if_report.hpp>

#include <algorithm>
#include <array>

#include <corchestra/base/text.hpp>

namespace corchestra {

namespace {

constexpr std::size_t most_named = 20;

std::string money(std::int64_t micro_dollars) {
  return concat("$", fixed(static_cast<double>(micro_dollars) / 1e6, 4));
}

std::string cost_text(const budget_amount& cost) {
  std::vector<std::string> parts;
  if (cost.tokens > 0) parts.push_back(concat(cost.tokens, " tokens"));
  if (cost.micro_dollars > 0) parts.push_back(money(cost.micro_dollars));
  return parts.empty() ? "-" : join(parts, ", ");
}

// Columns as wide as their widest cell, two spaces between them.
std::string table(const std::vector<std::vector<std::string>>& rows) {
  std::vector<std::size_t> widths;
  for (const auto& row : rows) {
    widths.resize(std::max(widths.size(), row.size()));
    for (std::size_t i = 0; i < row.size(); ++i) widths[i] = std::max(widths[i], row[i].size());
  }
  std::string out;
  for (const auto& row : rows) {
    std::string line;
    for (std::size_t i = 0; i < row.size(); ++i) {
      const std::string space(widths[i] - row[i].size(), ' ');
      const bool last = i + 1 == row.size();
      line += last ? row[i] : concat(space, row[i], "  ");
    }
    out += line + '\n';
  }
  return out;
}

std::string some(const std::vector<std::string>& ids, std::string_view between) {
  std::vector<std::string> shown(ids.begin(),
                                 ids.begin() + static_cast<std::ptrdiff_t>(std::min(ids.size(), most_named)));
  std::string text = join(shown, between);
  if (ids.size() > most_named) text += concat(between, "... (", ids.size() - most_named, " more)");
  return text;
}

std::string share_text(const makespan_share& s, duration wall) {
  const double part = wall > duration::zero() ? 100 * to_seconds(s.time) / to_seconds(wall) : 0;
  const std::string_view what = s.use == time_use::run ? "work" : to_string(s.use);
  return concat(s.resource.empty() ? what : std::string_view(s.resource), " ", to_text(s.time), " (", fixed(part, 0),
                " %)");
}

std::string details(const foreseen_run& r) {
  std::string out = concat(r.metrics.slots, r.metrics.slots == 1 ? " slot" : " slots", ":\n");
  out += concat("  starts: ", some(r.order, ", "), "\n");
  out += concat("  the end waits for: ", some(r.chain, " -> "), "\n");
  std::vector<std::string> shares;
  for (const auto& s : r.shares) shares.push_back(share_text(s, r.metrics.wall));
  if (!shares.empty()) out += concat("  its time goes to: ", join(shares, ", "), "\n");
  for (std::size_t i = 0; i < r.troubles.size() && i < most_named; ++i) out += concat("  ! ", r.troubles[i], "\n");
  if (r.troubles.size() > most_named) out += concat("  ! and ", r.troubles.size() - most_named, " more\n");
  return out;
}

ordered_json to_json(const foreseen_run& r) {
  const run_metrics& m = r.metrics;
  ordered_json shares = ordered_json::array();
  for (const auto& s : r.shares)
    shares.push_back({{"use", to_string(s.use)}, {"resource", s.resource}, {"seconds", to_seconds(s.time)}});
  ordered_json starts = ordered_json::array();
  for (const auto& e : r.timeline.entries) {
    if (!e.started_at) continue;
    starts.push_back({{"id", e.task_id},
                      {"start", to_seconds(*e.started_at - r.timeline.begin)},
                      {"end", to_seconds(e.ended_at.value_or(r.timeline.end) - r.timeline.begin)}});
  }
  return {{"slots", m.slots},
          {"makespan_seconds", to_seconds(m.wall)},
          {"sequential_seconds", to_seconds(m.sequential)},
          {"lower_bound_seconds", to_seconds(m.lower_bound)},
          {"speedup", m.speedup()},
          {"bound_speedup", m.bound_speedup()},
          {"peak_width", m.peak_width},
          {"limited_by", r.limited_by()},
          {"chain", r.chain},
          {"shares", std::move(shares)},
          {"cost", {{"tokens", r.cost.tokens}, {"usd", static_cast<double>(r.cost.micro_dollars) / 1e6}}},
          {"troubles", r.troubles},
          {"starts", std::move(starts)}};
}

}  // namespace

std::string what_if_text(const what_if_result& w) {
  std::vector<std::vector<std::string>> rows{
      {"slots", "makespan", "bound", "speed-up", "of at most", "peak width", "cost", "limited by"}};
  for (const auto& r : w.runs) {
    const run_metrics& m = r.metrics;
    rows.push_back({concat(m.slots), to_text(m.wall), to_text(m.lower_bound), fixed(m.speedup(), 2),
                    fixed(m.bound_speedup(), 2), concat(m.peak_width), cost_text(r.cost), r.limited_by()});
  }
  std::string out = table(rows);
  for (const auto& r : w.runs) out += concat("\n", details(r));
  if (!w.assumptions.empty()) out += '\n';
  for (const auto& a : w.assumptions) out += concat("Assumed: ", a, ".\n");
  return out;
}

ordered_json what_if_json(const what_if_result& w) {
  ordered_json runs = ordered_json::array();
  for (const auto& r : w.runs) runs.push_back(to_json(r));
  return {
      {"tasks", w.tasks}, {"assumed_durations", w.assumed}, {"assumptions", w.assumptions}, {"runs", std::move(runs)}};
}

}  // namespace corchestra
