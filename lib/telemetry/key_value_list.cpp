#include <corchestra/telemetry/key_value_list.hpp>

#include <charconv>

#include <corchestra/base/text.hpp>

namespace corchestra::telemetry {

namespace {

bool decode(std::string_view text, std::string& out) {
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '%') {
      out += text[i];
      continue;
    }
    unsigned value = 0;
    const std::string_view digits = text.substr(i + 1, 2);
    const auto [end, problem] = std::from_chars(digits.data(), digits.data() + digits.size(), value, 16);
    if (digits.size() < 2 || problem != std::errc() || end != digits.data() + 2) return false;
    out += static_cast<char>(value);
    i += 2;
  }
  return true;
}

}  // namespace

result<std::vector<std::pair<std::string, std::string>>> parse_key_value_list(std::string_view text) {
  std::vector<std::pair<std::string, std::string>> out;
  std::size_t number = 0;
  while (!text.empty()) {
    const std::size_t comma = std::min(text.find(','), text.size());
    const std::string_view part = trim(text.substr(0, comma));
    text.remove_prefix(std::min(comma + 1, text.size()));
    ++number;
    if (part.empty()) continue;
    const std::size_t equals = part.find('=');
    const std::string_view name = trim(part.substr(0, equals));
    if (equals == std::string_view::npos || name.empty())
      return fail(errc::invalid_argument, concat("part ", number, ": expected NAME=VALUE"));
    std::string value;
    if (!decode(trim(part.substr(equals + 1)), value))
      return fail(errc::invalid_argument,
                  concat("part ", number, ", ", quote(name), ": % is not followed by two hexadecimal digits"));
    out.emplace_back(std::string(name), std::move(value));
  }
  return out;
}

}  // namespace corchestra::telemetry
