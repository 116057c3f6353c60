#include "llm/usual_reply.hpp"

#include <array>
#include <span>
#include <utility>

#include "llm/json_scanner.hpp"
#include "llm/usage_reader.hpp"

namespace corchestra::llm {

namespace {

// Each member of an object once: of a second one a DOM would keep the last.
class seen_members {
 public:
  bool first(std::size_t member) { return !std::exchange(seen_[member], true); }

 private:
  std::array<bool, 8> seen_{};
};

std::size_t index_of(std::span<const std::string_view> names, std::string_view name) {
  std::size_t i = 0;
  while (i < names.size() && names[i] != name) ++i;
  return i;
}

/// A text, or null for none.
bool text_or_null(json_scanner& in, std::string& out) {
  const char c = in.peek();
  return c == '"' ? in.string(out) : c == 'n' && in.skip();
}

/// What is no text says nothing.
bool text_or_any(json_scanner& in, std::string& out) { return in.peek() == '"' ? in.string(out) : in.skip(); }

bool message(json_scanner& in, usual_reply& out) {
  static constexpr std::array<std::string_view, 5> names = {"content", "refusal", "reasoning_content", "reasoning",
                                                            "tool_calls"};
  seen_members seen;
  std::string other_reasoning;
  const bool whole = in.object([&](std::string_view key) {
    const std::size_t name = index_of(names, key);
    if (name == names.size()) return in.skip();
    if (!seen.first(name)) return false;
    switch (name) {
      case 0:
        return text_or_null(in, out.content);
      case 1:
        return text_or_null(in, out.refusal);
      case 2:
        return text_or_any(in, out.reasoning);
      case 3:
        return text_or_any(in, other_reasoning);
      default:
        return in.peek() == 'n' ? in.skip() : in.array([] { return false; });
    }
  });
  if (out.reasoning.empty()) out.reasoning = std::move(other_reasoning);
  return whole;
}

bool choice(json_scanner& in, usual_reply& out) {
  seen_members seen;
  bool answered = false;
  const bool whole = in.object([&](std::string_view key) {
    if (key == "message") {
      answered = true;
      return seen.first(0) && message(in, out);
    }
    if (key != "finish_reason") return in.skip();
    if (!seen.first(1)) return false;
    return in.peek() == '"' ? in.string(out.finish_reason.emplace()) : in.skip();
  });
  return whole && answered;
}

bool choices(json_scanner& in, usual_reply& out) {
  std::size_t count = 0;
  return in.array([&] { return count++ == 0 ? choice(in, out) : in.skip(); }) && count > 0;
}

bool usage(json_scanner& in, usual_reply& out) {
  if (in.peek() != '{') return in.skip();
  usage_counts counts;
  if (!counts.read(in)) return false;
  out.usage = counts.usage();
  return true;
}

}  // namespace

std::optional<usual_reply> read_usual_reply(std::string_view body) {
  static constexpr std::array<std::string_view, 6> names = {"choices", "usage", "id", "model", "service_tier", "error"};
  if (body.size() > json_limits().max_bytes) return std::nullopt;
  json_scanner in(body);
  usual_reply out;
  seen_members seen;
  bool answered = false;
  const bool whole = in.object([&](std::string_view key) {
    const std::size_t name = index_of(names, key);
    if (name == names.size()) return in.skip();
    if (!seen.first(name)) return false;
    switch (name) {
      case 0:
        answered = true;
        return choices(in, out);
      case 1:
        return usage(in, out);
      case 2:
        return text_or_any(in, out.id);
      case 3:
        return text_or_any(in, out.model);
      case 4:
        return text_or_any(in, out.service_tier);
      default:
        return in.peek() == 'n' && in.skip();
    }
  });
  if (!whole || !answered || !in.at_end()) return std::nullopt;
  return out;
}

}  // namespace corchestra::llm
