#include "testing/schema_sampler.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

#include <corchestra/base/text.hpp>

namespace corchestra::testing {

namespace {

constexpr int depth_of_leaving_out = 6;  // below it, only what is required
constexpr int depth_of_giving_up = 40;   // a schema that requires itself

const json* find(const json& object, std::string_view key) {
  const auto it = object.find(key);
  return it == object.end() ? nullptr : &*it;
}

double number_or(const json& schema, std::string_view key, double otherwise) {
  const json* v = find(schema, key);
  return v && v->is_number() ? v->get<double>() : otherwise;
}

struct sampler {
  const json& root;
  simulated_text& text;
  seeded_random& random;

  json sample(const json& schema, int depth) {
    if (!schema.is_object() || depth > depth_of_giving_up) return schema == false ? json(nullptr) : json("simulated");
    if (const json* ref = find(schema, "$ref"); ref && ref->is_string()) return sample(resolve(*ref), depth + 1);
    if (const json* fixed = find(schema, "const")) return *fixed;
    if (const json* values = find(schema, "enum"); values && values->is_array() && !values->empty())
      return (*values)[random.below(values->size())];
    for (const char* either : {"anyOf", "oneOf"})
      if (const json* branches = find(schema, either); branches && branches->is_array() && !branches->empty())
        return sample(with(schema, either, depth > depth_of_leaving_out ? branches->back() : branches->front()),
                      depth + 1);
    if (const json* all = find(schema, "allOf"); all && all->is_array()) {
      json merged = schema;
      merged.erase("allOf");
      for (const json& part : *all) merge(merged, deref(part));
      return sample(merged, depth + 1);
    }
    const std::string type = type_of(schema);
    if (type == "object") return object(schema, depth);
    if (type == "array") return array(schema, depth);
    if (type == "integer" || type == "number") return number(schema, type == "integer");
    if (type == "boolean") return random.below(2) == 0;
    if (type == "null") return nullptr;
    return string(schema);
  }

  const json& resolve(const json& ref) const {
    static const json any = json::object();
    const auto& pointer = ref.get_ref<const std::string&>();
    if (pointer.empty() || pointer[0] != '#') return any;
    try {
      return root.at(json::json_pointer(pointer.substr(1)));
    } catch (const json::exception&) {
      return any;
    }
  }

  const json& deref(const json& schema) const {
    const json* ref = schema.is_object() ? find(schema, "$ref") : nullptr;
    return ref && ref->is_string() ? resolve(*ref) : schema;
  }

  static void merge(json& into, const json& part) {
    if (!part.is_object()) return;
    for (const auto& [key, value] : part.items()) {
      if (key == "properties" && into.contains(key))
        into[key].update(value);
      else if (key == "required" && into.contains(key))
        into[key].insert(into[key].end(), value.begin(), value.end());
      else
        into[key] = value;
    }
  }

  json with(const json& schema, const char* without, const json& branch) const {
    json merged = schema;
    merged.erase(without);
    merge(merged, deref(branch));
    return merged;
  }

  static std::string type_of(const json& schema) {
    if (const json* t = find(schema, "type")) {
      if (t->is_string()) return t->get<std::string>();
      if (t->is_array())
        for (const json& one : *t)
          if (one.is_string() && one != "null") return one.get<std::string>();
      return "null";
    }
    if (schema.contains("properties") || schema.contains("required")) return "object";
    if (schema.contains("items") || schema.contains("prefixItems")) return "array";
    if (schema.contains("minimum") || schema.contains("maximum") || schema.contains("multipleOf")) return "number";
    return "string";
  }

  json object(const json& schema, int depth) {
    json out = json::object();
    std::vector<std::string> required;
    if (const json* names = find(schema, "required"); names && names->is_array())
      for (const json& n : *names)
        if (n.is_string()) required.push_back(n.get<std::string>());
    if (const json* properties = find(schema, "properties"); properties && properties->is_object())
      for (const auto& [name, property] : properties->items())
        if (depth < depth_of_leaving_out || std::ranges::count(required, name) > 0)
          out[name] = sample(property, depth + 1);
    const json* extra = find(schema, "additionalProperties");
    const json any = json::object();
    const json& further = extra && extra->is_object() ? *extra : any;
    for (const auto& name : required)
      if (!out.contains(name)) out[name] = sample(further, depth + 1);
    const auto least = static_cast<std::size_t>(number_or(schema, "minProperties", 0));
    for (std::size_t i = 1; out.size() < least && i <= least; ++i) out[concat("item_", i)] = sample(further, depth + 1);
    return out;
  }

  json array(const json& schema, int depth) {
    const double least = number_or(schema, "minItems", 0), most = number_or(schema, "maxItems", 1e6);
    const double wanted = depth > depth_of_leaving_out ? 0 : 2 + static_cast<double>(random.below(2));
    const auto count = static_cast<std::size_t>(std::clamp(wanted, least, std::max(least, most)));
    const bool unique = schema.value("uniqueItems", json(false)) == true;
    const json* items = find(schema, "items");
    const json* prefix = find(schema, "prefixItems");
    if (items && items->is_array()) prefix = items;
    json out = json::array();
    for (std::size_t tries = 0; out.size() < count && tries < 20 * count; ++tries) {
      const bool fixed = prefix && prefix->is_array() && out.size() < prefix->size();
      const json& of = fixed ? (*prefix)[out.size()] : items && items->is_object() ? *items : string_schema();
      json value = sample(of, depth + 1);
      if (!unique || std::find(out.begin(), out.end(), value) == out.end()) out.push_back(std::move(value));
    }
    return out;
  }

  static const json& string_schema() {
    static const json s = {{"type", "string"}};
    return s;
  }

  json number(const json& schema, bool integer) {
    const double step = number_or(schema, "multipleOf", integer ? 1 : 0);
    const double inside = step > 0 ? step : 1e-3;
    double low = number_or(schema, "minimum", -std::numeric_limits<double>::infinity());
    double high = number_or(schema, "maximum", std::numeric_limits<double>::infinity());
    low = std::max(low, number_or(schema, "exclusiveMinimum", low - inside) + inside);
    high = std::min(high, number_or(schema, "exclusiveMaximum", high + inside) - inside);
    if (std::isinf(low)) low = std::isinf(high) ? 0 : std::min(0.0, high);
    if (std::isinf(high)) high = low + 10;
    if (step <= 0) return std::clamp(std::round((low + random.uniform() * (high - low)) * 100) / 100, low, high);
    const double first = std::ceil(low / step), last = std::floor(high / step);
    const double chosen =
        first +
        static_cast<double>(random.below(static_cast<std::size_t>(std::max(0.0, std::min(last - first, 1e6))) + 1));
    if (integer) return static_cast<std::int64_t>(std::llround(chosen * step));
    return chosen * step;
  }

  json string(const json& schema) {
    const json* format = find(schema, "format");
    if (format && format->is_string()) {
      const auto& f = format->get_ref<const std::string&>();
      if (f == "date") return "2026-01-01";
      if (f == "date-time") return "2026-01-01T00:00:00Z";
      if (f == "time") return "00:00:00Z";
      if (f == "email") return "simulated@example.com";
      if (f == "uri" || f == "url") return "https://example.com/simulated";
      if (f == "uuid") return "00000000-0000-4000-8000-000000000000";
      if (f == "ipv4") return "192.0.2.1";
    }
    const auto least = static_cast<std::size_t>(number_or(schema, "minLength", 0));
    const auto most = static_cast<std::size_t>(number_or(schema, "maxLength", 1e6));
    std::string out = text.phrase();
    while (out.size() < least) out += concat(" ", text.phrase());
    if (out.size() > most) out.resize(most);
    while (!out.empty() && (static_cast<unsigned char>(out.back()) & 0x80) != 0) out.pop_back();
    while (out.size() < least) out += '.';
    return out;
  }
};

}  // namespace

json sample_schema(const json& schema, simulated_text& text, seeded_random& random) {
  return sampler{schema, text, random}.sample(schema, 0);
}

}  // namespace corchestra::testing
