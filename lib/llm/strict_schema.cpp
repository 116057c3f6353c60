#include "llm/strict_schema.hpp"

#include <algorithm>
#include <array>
#include <string_view>

namespace corchestra::llm {

namespace {

constexpr int max_levels = 5;  // some say 10
constexpr int max_properties = 5000;

constexpr std::array<std::string_view, 21> keywords = {
    "$defs",       "$ref",     "$schema",          "additionalProperties", "anyOf",   "const", "definitions",
    "description", "enum",     "exclusiveMaximum", "exclusiveMinimum",     "format",  "items", "maxItems",
    "maximum",     "minItems", "minimum",          "multipleOf",           "pattern", "title", "type"};
constexpr std::array<std::string_view, 9> formats = {"date-time", "time", "date", "duration", "email",
                                                     "hostname",  "ipv4", "ipv6", "uuid"};

template <class List>
bool lists(const List& list, std::string_view word) {
  return std::find(list.begin(), list.end(), word) != list.end();
}

bool names_object(const json& type) {
  return type == "object" || (type.is_array() && std::find(type.begin(), type.end(), "object") != type.end());
}

class strict_check {
 public:
  bool holds(const json& schema, int level) {
    if (!schema.is_object() || level > max_levels) return false;
    if (const auto ref = schema.find("$ref"); ref != schema.end())
      return schema.size() == 1 && ref->is_string() && ref->get_ref<const std::string&>().starts_with('#');
    const auto type = schema.find("type");
    if (type == schema.end() && !schema.contains("anyOf")) return false;
    if (type != schema.end() && names_object(*type) && !is_closed_object(schema)) return false;
    for (const auto& [key, value] : schema.items()) {
      if (key == "properties" || key == "required") continue;
      if (!lists(keywords, key)) return false;
      if (key == "format" && !(value.is_string() && lists(formats, value.get_ref<const std::string&>()))) return false;
    }
    return parts_hold(schema, level);
  }

 private:
  bool is_closed_object(const json& schema) {
    const auto properties = schema.find("properties");
    const auto required = schema.find("required");
    const auto additional = schema.find("additionalProperties");
    if (properties == schema.end() || required == schema.end() || additional == schema.end()) return false;
    if (!properties->is_object() || !required->is_array() || *additional != false) return false;
    properties_ += static_cast<int>(std::min<std::size_t>(properties->size(), max_properties + 1));
    if (properties_ > max_properties) return false;
    for (auto p = properties->begin(); p != properties->end(); ++p) {
      if (std::find(required->begin(), required->end(), p.key()) == required->end()) return false;
    }
    return true;
  }

  bool parts_hold(const json& schema, int level) {
    const auto all = [&](std::string_view key, int at) {
      const auto parts = schema.find(key);
      if (parts == schema.end()) return true;
      return parts->is_structured() &&
             std::all_of(parts->begin(), parts->end(), [&](const json& part) { return holds(part, at); });
    };
    const auto items = schema.find("items");
    return all("properties", level + 1) && all("anyOf", level) && all("$defs", 1) && all("definitions", 1) &&
           (items == schema.end() || holds(*items, level + 1));
  }

  int properties_ = 0;
};

}  // namespace

bool is_strict_schema(const json& schema) {
  const auto type = schema.is_object() ? schema.find("type") : schema.end();
  return schema.is_object() && type != schema.end() && *type == "object" && !schema.contains("anyOf") &&
         strict_check().holds(schema, 0);
}

}  // namespace corchestra::llm
