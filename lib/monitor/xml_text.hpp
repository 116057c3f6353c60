#pragma once

#include <string>
#include <string_view>

namespace corchestra::detail {

/// For character data and attribute values: markup escaped, invalid UTF-8 and characters that XML 1.0 forbids replaced.
std::string xml_text(std::string_view text);

}  // namespace corchestra::detail
