#include <corchestra/llm/chat.hpp>

namespace corchestra::llm {

std::string_view to_string(role r) noexcept {
  switch (r) {
    case role::system:
      return "system";
    case role::developer:
      return "developer";
    case role::user:
      return "user";
    case role::assistant:
      return "assistant";
    case role::tool:
      return "tool";
  }
  return "user";
}

std::string_view to_string(hedge_outcome h) noexcept {
  switch (h) {
    case hedge_outcome::none:
      return "none";
    case hedge_outcome::overtaken:
      return "overtaken";
    case hedge_outcome::answered:
      return "answered";
  }
  return "none";
}

std::string_view to_string(finish_reason r) noexcept {
  switch (r) {
    case finish_reason::stop:
      return "stop";
    case finish_reason::length:
      return "length";
    case finish_reason::tool_calls:
      return "tool_calls";
    case finish_reason::content_filter:
      return "content_filter";
    case finish_reason::other:
      return "other";
  }
  return "other";
}

}  // namespace corchestra::llm
