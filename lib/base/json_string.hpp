#pragma once

#include <string>
#include <string_view>

namespace corchestra::detail {

/// Appends `text` as a JSON string, as dump_json writes it.
void append_json_string(std::string& out, std::string_view text);

}  // namespace corchestra::detail
