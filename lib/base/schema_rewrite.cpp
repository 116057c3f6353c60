#include "base/schema_rewrite.hpp"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <limits>
#include <unordered_map>
#include <vector>

#include "base/schema_check.hpp"
#include "base/schema_keywords.hpp"
#include "base/schema_walk.hpp"

namespace corchestra::detail {

namespace {

class rewriter {
 public:
  explicit rewriter(const json& root) : root_(root), siblings_(siblings_of(root).value()) {}

  json whole() {
    json out = rewritten(root_);
    json places = json::object();
    for (std::size_t i = 0; i < targets_.size(); ++i) places[concat(i)] = rewritten(*targets_[i]);
    if (!targets_.empty()) out["refs"] = std::move(places);
    return out;
  }

 private:
  json reference_to(const json& target) {
    const auto [at, is_new] = numbers_.emplace(&target, targets_.size());
    if (is_new) targets_.push_back(&target);
    return {{"$ref", concat("#/refs/", at->second)}};
  }

  json rewritten(const json& s) {
    if (!s.is_object()) return s;
    json out = json::object();
    json all = json::array();  // what joins allOf
    if (const auto ref = s.find("$ref"); ref != s.end()) {
      json reference = reference_to(*resolve_reference(root_, ref->get_ref<const std::string&>()));
      if (siblings_ != ref_siblings::applied) return reference;
      all.push_back(std::move(reference));
    }
    for (const auto& [key, value] : s.items()) {
      const keyword* const k = find_keyword(key);
      if (key == "$ref" || key == "id" || key == "definitions" || key == "$defs") continue;
      if (key == multiple_of_keyword || key == pattern_keyword) continue;
      if (key == "propertyNames") {
        out[key] = reference_to(value);
      } else if (key == "dependentRequired") {
        all.push_back({{"dependencies", value}});
      } else if (key == "dependentSchemas") {
        all.push_back({{"dependencies", rewritten_in(*k, value)}});
      } else if (key == "format") {
        // Says nothing about what is not a string.
        all.push_back({{"if", {{"type", "string"}}}, {"then", {{"format", value}}}});
      } else if (key == "multipleOf") {
        out[multiple_of_keyword] = value;
      } else if (key == "pattern") {
        out[pattern_keyword] = value;
      } else {
        out[key] = k ? rewritten_in(*k, value) : value;
      }
    }
    if (const auto prefix = out.find("prefixItems"); prefix != out.end()) {
      const auto items = out.find("items");
      out["additionalItems"] = items == out.end() ? json(true) : std::move(*items);
      out["items"] = std::move(out["prefixItems"]);
      out.erase("prefixItems");
    }
    if (const auto own = out.find("allOf"); own != out.end() && own->is_array()) {
      own->insert(own->end(), all.begin(), all.end());
    } else if (own == out.end() && !all.empty()) {
      out["allOf"] = std::move(all);
    }
    return out;
  }

  json rewritten_in(const keyword& k, const json& value) {
    const holds what = held(k, value);
    if (what == holds::schema) return rewritten(value);
    json out = value;
    if (what == holds::list ? value.is_array() : value.is_object())
      for (auto [from, to] = std::pair(value.begin(), out.begin()); from != value.end(); ++from, ++to)
        *to = rewritten(*from);
    return out;
  }

  const json& root_;
  ref_siblings siblings_;
  std::vector<const json*> targets_;
  std::unordered_map<const json*, std::size_t> numbers_;
};

constexpr double exact = 9007199254740992;  // 2^53

bool is_whole(const json& v) {
  return v.is_number_float() && std::abs(v.get<double>()) <= exact && std::trunc(v.get<double>()) == v.get<double>();
}

bool is_beyond(const json& v) {
  return v.is_number_unsigned() && v.get<std::uint64_t>() > std::uint64_t{std::numeric_limits<std::int64_t>::max()};
}

}  // namespace

json rewrite_schema(const json& schema) { return with_plain_numbers(rewriter(schema).whole()); }

json with_plain_numbers(json value) {
  if (is_whole(value)) return value.get<std::int64_t>();
  if (is_beyond(value)) return value.get<double>();
  if (value.is_structured())
    for (json& v : value) v = with_plain_numbers(std::move(v));
  return value;
}

bool has_odd_numbers(const json& value) {
  return is_whole(value) || is_beyond(value) ||
         (value.is_structured() && std::any_of(value.begin(), value.end(), has_odd_numbers));
}

}  // namespace corchestra::detail
