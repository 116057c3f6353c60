#include "core/state_reducers.hpp"

#include <algorithm>
#include <array>
#include <limits>

#include <corchestra/base/text.hpp>

namespace corchestra {

namespace {

json appended(json before, const json& output) {
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

bool fits_signed(const json& n) {
  return n.is_number_integer() &&
         (!n.is_number_unsigned() || n.get<std::uint64_t>() <= std::uint64_t(std::numeric_limits<std::int64_t>::max()));
}

// Of integers an integer, as long as it fits.
json sum(const json& before, const json& output) {
  if (before.is_null()) return output;
  std::int64_t exact = 0;
  if (fits_signed(before) && fits_signed(output) &&
      !__builtin_add_overflow(before.get<std::int64_t>(), output.get<std::int64_t>(), &exact)) {
    return exact;
  }
  return before.get<double>() + output.get<double>();
}

json extreme(const json& before, const json& output, bool least) {
  if (before.is_null()) return output;
  return (output < before) == least ? output : before;
}

/// What the reducer needs and the output is not; empty when it can be reduced.
std::string_view missing_in(std::string_view name, const json& output) {
  if (name == "merge") return output.is_object() ? "" : "an object to merge";
  if (output.is_number()) return "";
  return name == "sum" ? "a number to sum" : name == "min" ? "a number for min" : name == "max" ? "a number for max" : "";
}

json reduce(std::string_view name, json before, const json& output) {
  if (name == "append") return appended(std::move(before), output);
  if (name == "union") return unite(std::move(before), output);
  if (name == "sum") return sum(before, output);
  if (name == "min") return extreme(before, output, true);
  if (name == "max") return extreme(before, output, false);
  if (name == "merge" && before.is_object()) {
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

result<void> merge_state(json& state, const run_options& options, const std::string& key, const json& output) {
  if (const auto own = options.custom_reducers.find(key); own != options.custom_reducers.end()) {
    std::string what;
    try {
      json merged = own->second(state.value(key, json()), output);
      state[key] = std::move(merged);
      return {};
    } catch (const error_exception& x) {
      return in_place(x.error(), concat("the reducer of state key ", quote(key)));
    } catch (const std::exception& x) {
      what = x.what();
    } catch (...) {
      what = "something that is not a std::exception";
    }
    return fail(errc::task_failed, concat("the reducer of state key ", quote(key), " threw: ", what));
  }
  const auto named = options.reducers.find(key);
  const std::string_view name =
      named == options.reducers.end() ? std::string_view("last") : std::string_view(named->second);
  const std::string_view wanted = missing_in(name, output);
  if (!wanted.empty()) {
    return fail(errc::invalid_argument,
                concat("state key ", quote(key), ": expected ", wanted, ", got ", one_line(dump_json(output), 80)));
  }
  json& value = state[key];
  value = reduce(name, std::move(value), output);
  return {};
}

}  // namespace corchestra
