#include <corchestra/core/preset.hpp>

#include <algorithm>
#include <array>

#include <corchestra/base/text.hpp>

namespace corchestra {

namespace {

struct preset {
  std::string_view name;
  std::uint32_t slots;
  optional_duration group_timeout;
  std::optional<std::uint32_t> spawned, children, iterations;
};

const std::array<preset, 4>& presets() {
  static const std::array<preset, 4> all{{
      {"stage8", 3, {}, {}, {}, {}},
      {"ucop", 5, std::chrono::seconds(300), {}, {}, {}},
      {"jobpool", 3, {}, 20, 3, 10},
      {"taskcall", 10, {}, {}, {}, {}},
  }};
  return all;
}

}  // namespace

std::vector<std::string> preset_names() {
  std::vector<std::string> names;
  for (const preset& p : presets()) names.emplace_back(p.name);
  return names;
}

result<void> apply_preset(std::string_view name, run_options& options) {
  const auto found = std::find_if(presets().begin(), presets().end(), [&](const preset& p) { return p.name == name; });
  if (found == presets().end()) {
    return fail(errc::invalid_argument, concat("preset: expected one of ", join(preset_names(), ", "), ", got ", quote(name)));
  }
  run_limits& l = options.limits;
  l.max_concurrent_tasks = found->slots;
  if (found->spawned) l.max_spawned_tasks = *found->spawned;
  if (found->children) l.max_children_per_task = *found->children;
  if (found->iterations) l.max_iterations = *found->iterations;
  if (!found->group_timeout) return {};
  for (auto& [group, about] : options.groups) {
    if (!about.timeout) about.timeout = found->group_timeout;
  }
  return {};
}

}  // namespace corchestra
