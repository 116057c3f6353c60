#include "agents/strict_schema.hpp"

#include <algorithm>

namespace corchestra::detail {

namespace {

bool is_closed_object(const json& schema) {
  const auto properties = schema.find("properties");
  const auto required = schema.find("required");
  const auto additional = schema.find("additionalProperties");
  if (properties == schema.end() || required == schema.end() || additional == schema.end()) return false;
  if (!properties->is_object() || !required->is_array() || *additional != false) return false;
  for (auto p = properties->begin(); p != properties->end(); ++p) {
    if (std::find(required->begin(), required->end(), p.key()) == required->end()) return false;
  }
  return true;
}

bool names_object(const json& type) {
  return type == "object" || (type.is_array() && std::find(type.begin(), type.end(), "object") != type.end());
}

bool all_closed(const json& value) {
  if (value.is_object()) {
    const auto type = value.find("type");
    if (type != value.end() && names_object(*type) && !is_closed_object(value)) return false;
  }
  return !value.is_structured() || std::all_of(value.begin(), value.end(), all_closed);
}

}  // namespace

bool is_strict_schema(const json& schema) {
  const auto type = schema.is_object() ? schema.find("type") : schema.end();
  return schema.is_object() && type != schema.end() && *type == "object" && all_closed(schema);
}

}  // namespace corchestra::detail
