#include <corchestra/base/json.hpp>

#include <algorithm>

#include <corchestra/base/text.hpp>

namespace corchestra {

namespace {

/// `line 3, column 14`, both from 1, the column in bytes.
std::string place_of(std::string_view text, std::size_t byte) {
  const std::string_view before = text.substr(0, byte);
  const auto line = 1 + std::count(before.begin(), before.end(), '\n');
  const std::size_t start = before.rfind('\n');
  const std::size_t column = start == std::string_view::npos ? before.size() + 1 : before.size() - start;
  return concat("line ", line, ", column ", column);
}

/// Where brackets nest deeper than `max`, or npos. Strings are skipped; whether it is JSON is for the parser to say.
std::size_t too_deep_at(std::string_view text, std::size_t max) {
  std::size_t depth = 0;
  bool in_string = false;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (in_string) {
      if (c == '\\') {
        ++i;
      } else if (c == '"') {
        in_string = false;
      }
    } else if (c == '"') {
      in_string = true;
    } else if (c == '[' || c == '{') {
      if (++depth > max) return i;
    } else if ((c == ']' || c == '}') && depth > 0) {
      --depth;
    }
  }
  return std::string_view::npos;
}

/// Reads along until the first mistake and keeps where and what it was.
class mistake_finder final : public nlohmann::json_sax<json> {
 public:
  std::size_t position = 0;
  std::string what;

  bool null() override { return true; }
  bool boolean(bool) override { return true; }
  bool number_integer(number_integer_t) override { return true; }
  bool number_unsigned(number_unsigned_t) override { return true; }
  bool number_float(number_float_t, const string_t&) override { return true; }
  bool string(string_t&) override { return true; }
  bool binary(binary_t&) override { return true; }
  bool start_object(std::size_t) override { return true; }
  bool key(string_t&) override { return true; }
  bool end_object() override { return true; }
  bool start_array(std::size_t) override { return true; }
  bool end_array() override { return true; }
  bool parse_error(std::size_t at, const std::string&, const nlohmann::json::exception& e) override {
    position = at;
    what = e.what();
    return false;
  }
};

/// What the parser says, without its prefix and its own position.
std::string_view bare_message(std::string_view what) {
  for (const std::string_view end : {"] ", "parse error at line "}) {
    if (const std::size_t at = what.find(end); at != std::string_view::npos) what.remove_prefix(at + end.size());
    if (end == "] ") continue;
    if (const std::size_t at = what.find(": "); at != std::string_view::npos) what.remove_prefix(at + 2);
  }
  return what;
}

error invalid_json(std::string_view text) {
  if (trim(text).empty()) return fail(errc::invalid_json, "the text is empty: expected a JSON value");
  mistake_finder finder;
  json::sax_parse(text, &finder);
  const std::size_t last = std::min(finder.position, text.size());
  return fail(errc::invalid_json,
              concat(place_of(text, last > 0 ? last - 1 : 0), ": ", one_line(bare_message(finder.what), 300)));
}

template <class Json>
std::string dump(const Json& value, int indent) {
  return value.dump(indent, ' ', false, Json::error_handler_t::replace);
}

std::string unescape(std::string_view step) {
  std::string out;
  for (std::size_t i = 0; i < step.size(); ++i) {
    if (step[i] == '~' && i + 1 < step.size() && (step[i + 1] == '0' || step[i + 1] == '1')) {
      out += step[++i] == '0' ? '~' : '/';
    } else {
      out += step[i];
    }
  }
  return out;
}

std::string keys_of(const json& object) {
  if (object.empty()) return "the object is empty";
  std::vector<std::string> keys;
  for (const auto& [key, unused] : object.items()) {
    if (keys.size() == 10) {
      keys.emplace_back("...");
      break;
    }
    keys.push_back(one_line(key, 40));
  }
  return concat("there are: ", join(keys, ", "));
}

}  // namespace

result<json> parse_json(std::string_view text, const json_limits& limits) {
  if (text.size() > limits.max_bytes)
    return fail(errc::too_large,
                concat("the JSON text has ", text.size(), " bytes, more than the limit of ", limits.max_bytes));
  if (const std::size_t at = too_deep_at(text, limits.max_depth); at != std::string_view::npos)
    return fail(errc::too_deep,
                concat(place_of(text, at), ": nested deeper than the limit of ", limits.max_depth, " levels"));
  json value = json::parse(text, nullptr, false);
  if (value.is_discarded()) return invalid_json(text);
  return value;
}

std::string dump_json(const json& value, int indent) { return dump(value, indent); }
std::string dump_json(const ordered_json& value, int indent) { return dump(value, indent); }

std::string to_text(const json& value) { return value.is_string() ? value.get<std::string>() : dump_json(value); }

result<json> at_pointer(const json& value, std::string_view pointer) {
  const auto missing = [pointer](const std::string& why) {
    return fail(errc::unresolved_reference, concat("pointer ", quote(pointer), ": ", why));
  };
  if (!pointer.empty() && pointer.front() != '/') return missing("expected it to begin with '/'");
  const json* at = &value;
  for (std::string_view rest = pointer; !rest.empty();) {
    rest.remove_prefix(1);
    const std::size_t end = std::min(rest.find('/'), rest.size());
    const std::string step = unescape(rest.substr(0, end));
    rest.remove_prefix(end);
    const std::string place = concat(quote(pointer.substr(0, pointer.size() - rest.size() - end - 1)));
    const std::string here = place == "''" ? "" : concat(" at ", place);
    if (at->is_object()) {
      const auto found = at->find(step);
      if (found == at->end()) return missing(concat("no member ", quote(step), here, " (", keys_of(*at), ")"));
      at = &*found;
    } else if (at->is_array()) {
      std::size_t index = 0;
      const auto parsed = std::from_chars(step.data(), step.data() + step.size(), index);
      const bool number = parsed.ec == std::errc() && parsed.ptr == step.data() + step.size() &&
                          (step.size() == 1 || step.front() != '0');
      if (!number || index >= at->size())
        return missing(concat("no element ", quote(step), here, " (the array has ", at->size(), ")"));
      at = &(*at)[index];
    } else {
      return missing(concat("no step ", quote(step), here, " into a ", at->type_name()));
    }
  }
  return *at;
}

}  // namespace corchestra
