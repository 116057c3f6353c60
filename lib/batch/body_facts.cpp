#include "batch/body_facts.hpp"

#define XXH_INLINE_ALL
#include <xxhash.h>

#include <algorithm>
#include <charconv>

#include <corchestra/base/text.hpp>

#include "batch/json_members.hpp"
#include "batch/request_line.hpp"
#include "llm/json_scanner.hpp"

namespace corchestra::batch {

namespace {

constexpr std::int64_t most_answers = 1 << 20;  // n, or prompts, of one request

std::optional<std::int64_t> integer_of(std::string_view raw) {
  std::int64_t n = 0;
  const auto [end, failed] = std::from_chars(raw.data(), raw.data() + raw.size(), n);
  if (raw.empty() || failed != std::errc() || end != raw.data() + raw.size()) return std::nullopt;
  return n;
}

// Of completions: a list of texts, or of lists of tokens, is as many prompts.
std::int64_t prompts_in(std::string_view raw) {
  const std::string_view first = first_element(raw);
  const bool several = !first.empty() && (first.front() == '"' || first.front() == '[');
  return several ? static_cast<std::int64_t>(size_of_array(raw)) : 1;
}

// With escapes in its key resolved.
template <class Take>
void for_each_member(std::string_view object, Take take) {
  json_members members(object);
  while (const auto m = members.next()) {
    if (m->key.find('\\') == std::string_view::npos) {
      take(m->key, m->value);
    } else {
      take(string_of({m->key.data() - 1, m->key.size() + 2}).value_or(""), m->value);
    }
  }
}

}  // namespace

void body_facts::refuse(error e) {
  if (!wrong_) wrong_ = std::move(e);
}

std::optional<std::int64_t> body_facts::count(std::string_view name, std::string_view value) {
  if (value == "null") return std::nullopt;
  const auto n = integer_of(value);
  if (n && *n >= 1) return n;
  refuse(wrong(concat("body.", name, ": expected a whole number from 1, got ", one_line(value, 40))));
  return std::nullopt;
}

void body_facts::take(std::string_view key, std::string_view value) {
  if (key == "model") {
    model_ = value;
  } else if (key == "max_tokens" || key == "max_completion_tokens" || key == "max_output_tokens") {
    if (const auto limit = count("max_tokens", value)) max_tokens_ = std::max(max_tokens_.value_or(0), *limit);
  } else if (key == "n" || key == "best_of") {
    answers_ = std::max(answers_, count(key, value).value_or(1));
  } else if (key == "prompt") {
    prompts_ = prompts_in(value);
  } else if (key == "service_tier") {
    service_tier_ = value;
  } else if (key == "messages") {
    take_messages(value, first_element(value));
  } else if (key == "stream" && value == "true") {
    refuse(wrong("body.stream: answers of a batch are not streamed: take it out"));
  }
}

void body_facts::take_messages(std::string_view array, std::string_view first) noexcept {
  messages_ = array;
  first_message_ = first;
}

result<void> body_facts::put_in(request_line& line) const {
  if (wrong_) return *wrong_;
  line.model.clear();
  if (model_ && !read_string(*model_, line.model))
    return wrong(concat("body.model: expected a text, got ", one_line(*model_, 40)));
  if (!read_string(service_tier_, line.service_tier)) line.service_tier.clear();
  line.max_tokens = max_tokens_;
  line.answers = std::min(answers_, most_answers) * std::min(prompts_, most_answers);
  const bool more = !first_message_.empty() && first_message_.size() + 2 < messages_.size();
  line.prefix = more ? XXH3_64bits(first_message_.data(), first_message_.size()) | 1 : 0;
  return {};
}

body_facts facts_of(std::string_view body) {
  body_facts facts;
  for_each_member(body, [&](std::string_view key, std::string_view value) { facts.take(key, value); });
  return facts;
}

void batch_line::take(std::string_view key, std::string_view value) {
  if (key == "custom_id") {
    id = value;
  } else if (key == "method") {
    method = value;
  } else if (key == "url") {
    url = value;
  } else if (key == "body") {
    body = value;
  } else if (!unknown) {
    unknown = key;
  }
}

bool batch_line::read(std::string_view text) {
  llm::json_scanner in(text);
  const auto member = [&](std::string_view key) {
    std::string_view value;
    if (key == "body") facts = {};
    const bool is_body = key == "body" && in.peek() == '{';
    const auto messages = [&] {
      std::string_view array, first, other;
      const auto message = [&] { return in.raw(first.empty() ? first : other); };
      if (!in.raw_of(array, [&] { return in.array(message); })) return false;
      facts.take_messages(array, first);
      return true;
    };
    const auto fact = [&](std::string_view name) {
      if (name == "messages" && in.peek() == '[') return messages();
      std::string_view of_it;
      if (!in.raw(of_it)) return false;
      facts.take(name, of_it);
      return true;
    };
    if (!(is_body ? in.raw_of(value, [&] { return in.object(fact); }) : in.raw(value))) return false;
    take(key, value);
    return true;
  };
  return in.peek() == '{' && in.object(member) && in.at_end();
}

void batch_line::read_valid(std::string_view text) {
  *this = {};
  for_each_member(text, [this](std::string_view key, std::string_view value) { take(key, value); });
  facts = facts_of(body);
}

}  // namespace corchestra::batch
