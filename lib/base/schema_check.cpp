#include "base/schema_check.hpp"

#include <algorithm>
#include <charconv>
#include <unordered_map>

#include <corchestra/base/text.hpp>

#include "base/schema_keywords.hpp"
#include "base/schema_walk.hpp"

namespace corchestra::detail {

namespace {

constexpr std::size_t max_depth = 200;

std::string percent_decoded(std::string_view s) {
  std::string out;
  for (std::size_t i = 0; i < s.size(); ++i) {
    unsigned value = 0;
    if (s[i] == '%' && i + 2 < s.size() && std::from_chars(&s[i + 1], &s[i + 1] + 2, value, 16).ptr == &s[i + 1] + 2) {
      out += static_cast<char>(value);
      i += 2;
    } else {
      out += s[i];
    }
  }
  return out;
}

class checker {
 public:
  checker(const json& root, ref_siblings siblings) : root_(root), siblings_(siblings) {}

  /// The schema and everything in it.
  result<void> visit(const json& s, const std::string& place, std::size_t depth) {
    if (s.is_boolean()) return {};
    if (!s.is_object())
      return unusable(place, concat("expected a schema (an object, true or false), found a ", s.type_name()));
    const auto [known, is_new] = levels_.emplace(&s, 0);
    if (depth + known->second > max_depth) return too_deep(place);
    if (!is_new) return {};
    if (auto r = check_keywords(s, place, siblings_, &s == &root_); !r) return r;
    std::size_t levels = 0;
    const auto descend = [&](const json& child, const std::string& at, bool) {
      auto r = visit(child, at, depth + 1);
      if (const auto found = levels_.find(&child); found != levels_.end()) levels = std::max(levels, found->second + 1);
      return r;
    };
    const auto ref = s.find("$ref");
    if (ref != s.end()) {
      const std::string& target = ref->get_ref<const std::string&>();
      const json* to = resolve_reference(root_, target);
      if (!to)
        return unusable(place, concat("$ref ", quote(target),
                                      " leads nowhere: expected a place within the schema, as '#/definitions/name'"));
      if (auto r = descend(*to, target, true); !r) return r;
    }
    if (ref == s.end() || siblings_ != ref_siblings::ignored)
      if (auto r = for_schemas_in(s, place, descend); !r) return r;
    levels_[&s] = levels;
    return {};
  }

  result<void> find_circles() {
    for (const auto& [schema, unused] : levels_)
      if (auto r = find_circle(*schema, "#", 0); !r) return r;
    return {};
  }

 private:
  enum class mark { fresh, open, done };

  static error too_deep(const std::string& place) {
    return unusable(place, concat("nested deeper than ", max_depth, " levels"));
  }

  /// Whether the schema applies itself to the same value, which would never end.
  result<void> find_circle(const json& s, const std::string& place, std::size_t depth) {
    if (!s.is_object()) return {};
    if (depth > max_depth) return too_deep(place);
    mark& m = circle_[&s];
    if (m == mark::done) return {};
    if (m == mark::open) return unusable(place, "the schema refers to itself without going down into the value");
    m = mark::open;
    result<void> r;
    const auto ref = s.find("$ref");
    if (ref != s.end()) {
      const std::string& target = ref->get_ref<const std::string&>();
      r = find_circle(*resolve_reference(root_, target), target, depth + 1);
    }
    if (r && (ref == s.end() || siblings_ == ref_siblings::applied))
      r = for_schemas_in(s, place, [&](const json& child, const std::string& at, bool in_place) {
        return in_place ? find_circle(child, at, depth + 1) : result<void>();
      });
    circle_[&s] = mark::done;
    return r;
  }

  const json& root_;
  ref_siblings siblings_;
  std::unordered_map<const json*, std::size_t> levels_;  // below each schema that was visited; 0 within a circle
  std::unordered_map<const json*, mark> circle_;
};

}  // namespace

const json* resolve_reference(const json& schema, std::string_view reference) {
  if (reference.empty() || reference.front() != '#') return nullptr;
  try {
    const json::json_pointer pointer(percent_decoded(reference.substr(1)));
    return schema.contains(pointer) ? &schema.at(pointer) : nullptr;
  } catch (const json::exception&) {
    return nullptr;
  }
}

error unusable(std::string_view place, std::string_view what) {
  return fail(errc::invalid_argument, concat("not a usable JSON Schema: ", place, ": ", what));
}

result<void> check_schema(const json& schema) {
  const auto siblings = siblings_of(schema);
  if (!siblings) return siblings.error();
  checker c(schema, *siblings);
  if (auto r = c.visit(schema, "#", 0); !r) return r;
  return c.find_circles();
}

}  // namespace corchestra::detail
