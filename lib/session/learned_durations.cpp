#include <corchestra/session/learned_durations.hpp>

#include "session/output_path.hpp"

namespace corchestra {

namespace {

constexpr std::size_t most_tasks = 10'000;

}  // namespace

std::filesystem::path learned_durations_path(const settings& s, std::string_view run_name) {
  if (s.cache_folder.empty()) return {};
  return s.cache_folder / "durations" / output_path(run_name, ".json");
}

std::string run_name_of(const plan_document& plan) {
  const std::string& name = plan.plan.options.name;
  return name.empty() ? std::filesystem::path(plan.source).stem().string() : name;
}

bool apply_learned_durations(plan_document& plan, const settings& s) {
  if (plan.plan.options.durations) return true;
  const auto path = learned_durations_path(s, run_name_of(plan));
  std::error_code ec;
  if (path.empty() || !std::filesystem::is_regular_file(path, ec)) return false;
  const auto learnt = load_duration_file(path);
  if (learnt.has_error()) return false;
  apply_durations(plan.plan, *learnt);
  return true;
}

json durations_after(const run_result& r, const duration_file& before) {
  json out = r.durations.to_json_value();
  json tasks = json::object();
  for (const auto& [id, d] : before.tasks) tasks[id] = to_seconds(d);
  for (const auto& t : r.results) {
    if (t.success() && t.attempts > 0 && t.parent.empty()) tasks[t.id] = to_seconds(t.last_duration());
    if (tasks.size() > most_tasks) break;
  }
  if (tasks.size() <= most_tasks && !tasks.empty()) out["tasks"] = std::move(tasks);
  return out;
}

}  // namespace corchestra
