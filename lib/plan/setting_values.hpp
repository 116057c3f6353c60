#pragma once

#include <algorithm>
#include <charconv>
#include <string>
#include <string_view>

#include <corchestra/base/secret.hpp>
#include <corchestra/base/text.hpp>
#include <corchestra/base/time.hpp>

namespace corchestra::plan_file {

// How the text of a setting becomes a value: false when it is not what is expected.

inline constexpr std::string_view a_url = "a URL http://HOST[/PATH] or https://HOST[/PATH] without a user name";

inline bool is_control(char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; }

inline bool assign_line(std::string& target, const std::string& text) {
  if (trim(text).empty() || std::any_of(text.begin(), text.end(), is_control)) return false;
  target = text;
  return true;
}

inline bool assign_url(std::string& target, const std::string& text) {
  std::string_view rest = text;
  for (const std::string_view scheme : {"http://", "https://"})
    if (rest.starts_with(scheme)) rest.remove_prefix(scheme.size());
  const bool blank = std::any_of(text.begin(), text.end(), [](char c) { return c == ' ' || is_control(c); });
  const std::string_view authority = rest.substr(0, rest.find_first_of("/?#"));
  if (rest.size() == text.size() || blank || authority.empty() || authority.find('@') != std::string_view::npos)
    return false;
  target = text;
  return true;
}

inline bool assign_secret(secret& target, const std::string& text) {
  if (std::any_of(text.begin(), text.end(),
                  [](char c) { return c == ' ' || is_control(c) || static_cast<unsigned char>(c) > 0x7f; }))
    return false;
  target = secret(text);
  return true;
}

template <class T, class Target>
bool assign_integer(Target& target, const std::string& text, T least, T most) {
  T n{};
  const auto [end, problem] = std::from_chars(text.data(), text.data() + text.size(), n);
  if (problem != std::errc() || end != text.data() + text.size() || n < least || n > most) return false;
  target = n;
  return true;
}

template <class Target>
bool assign_duration(Target& target, const std::string& text) {
  const result<duration> d = parse_duration(text);
  if (!d || *d <= duration::zero()) return false;
  target = *d;
  return true;
}

template <class Target>
bool assign_boolean(Target& target, const std::string& text) {
  if (text != "true" && text != "false" && text != "1" && text != "0") return false;
  target = text == "true" || text == "1";
  return true;
}

}  // namespace corchestra::plan_file
