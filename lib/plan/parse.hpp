#pragma once

#include <string_view>

#include <corchestra/base/error.hpp>
#include "plan/node.hpp"

namespace corchestra::plan_file {

/// One YAML document by YAML 1.2's core schema: plain `true`, `null` and numbers get their types, everything else and
/// everything quoted is text. Errors name `source`, line and column: `plan.yaml:3:7: ...`, with `code`.
result<node> parse_yaml(std::string_view text, std::string_view source, errc code);

/// One JSON value; `first_line` is the number of the text's first line.
result<node> parse_json_text(std::string_view text, std::string_view source, errc code, int first_line = 1);

/// What a plain YAML scalar stands for.
json plain_scalar(std::string_view text);

/// The line of the first byte that is not UTF-8; 0 when all is well.
int first_bad_utf8_line(std::string_view text);

}  // namespace corchestra::plan_file
