#pragma once

#include <corchestra/base/json.hpp>
#include <corchestra/base/text.hpp>

namespace corchestra::detail {

/// A model's answer may come with white space around it, or as the value that a text stands for.
inline bool same_answer(const json& answer, const json& expected) {
  return answer == expected ||
         (expected.is_string() && trim(to_text(answer)) == trim(expected.get_ref<const std::string&>()));
}

}  // namespace corchestra::detail
