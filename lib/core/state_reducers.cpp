#include "core/state_reducers.hpp"

#include <algorithm>
#include <array>

namespace corchestra {

namespace {

json append(json before, const json& output) {
  if (!before.is_array()) before = json::array();
  before.push_back(output);
  return before;
}

// Lists and single values join as a set, in order of first appearance.
json unite(json before, const json& output) {
  if (!before.is_array()) before = json::array();
  const auto insert = [&](const json& item) {
    if (std::find(before.begin(), before.end(), item) == before.end()) before.push_back(item);
  };
  if (!output.is_array()) {
    insert(output);
    return before;
  }
  for (const auto& item : output) insert(item);
  return before;
}

json sum(const json& before, const json& output) {
  if (!output.is_number()) return before;
  if (!before.is_number()) return output;
  if (before.is_number_integer() && output.is_number_integer()) return before.get<std::int64_t>() + output.get<std::int64_t>();
  return before.get<double>() + output.get<double>();
}

json extreme(const json& before, const json& output, bool least) {
  if (before.is_null()) return output;
  return (output < before) == least ? output : before;
}

json reduce(std::string_view name, json before, const json& output) {
  if (name == "append") return append(std::move(before), output);
  if (name == "union") return unite(std::move(before), output);
  if (name == "sum") return sum(before, output);
  if (name == "min") return extreme(before, output, true);
  if (name == "max") return extreme(before, output, false);
  if (name == "merge" && before.is_object() && output.is_object()) {
    before.update(output);
    return before;
  }
  return output;
}

}  // namespace

bool is_reducer(std::string_view name) noexcept {
  constexpr std::array<std::string_view, 7> names = {"last", "append", "merge", "sum", "min", "max", "union"};
  return std::find(names.begin(), names.end(), name) != names.end();
}

void merge_state(json& state, const run_options& options, const std::string& key, const json& output) {
  json& value = state[key];
  if (const auto own = options.custom_reducers.find(key); own != options.custom_reducers.end()) {
    value = own->second(std::move(value), output);
    return;
  }
  const auto named = options.reducers.find(key);
  value = reduce(named == options.reducers.end() ? std::string_view("last") : std::string_view(named->second), std::move(value), output);
}

}  // namespace corchestra
