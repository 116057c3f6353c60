#pragma once

#include <string>
#include <string_view>

#include <corchestra/base/json.hpp>

namespace corchestra::llm {

/// The JSON value in a model's answer: the whole text, else its first balanced object or array that parses, outside
/// `<think>` blocks; code fences and prose around it do not matter. Errors: `invalid_json`, `too_large`.
result<json> extract_json(std::string_view answer, const json_limits& limits = {});

/// A value as a fenced block for a prompt; no text inside it can close the fence.
std::string json_block(const json& value, int indent = -1);

}  // namespace corchestra::llm
