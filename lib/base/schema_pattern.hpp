#pragma once

#include <regex>
#include <string>
#include <string_view>

namespace corchestra::detail {

/// The characters of UTF-8 text; bytes that are none stand for themselves.
std::wstring code_points(std::string_view utf8);

/// A regular expression over characters, of ECMAScript's syntax. Throws `std::regex_error`.
std::wregex compile_pattern(std::string_view utf8);

}  // namespace corchestra::detail
