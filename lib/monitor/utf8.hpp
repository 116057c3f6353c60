#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace corchestra::detail {

/// Decodes the code point at `at` and moves past it. A byte that is no valid UTF-8 gives U+FFFD.
char32_t next_code_point(std::string_view text, std::size_t& at) noexcept;

void append_utf8(std::string& out, char32_t code_point);

}  // namespace corchestra::detail
