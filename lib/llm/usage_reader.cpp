#include "llm/usage_reader.hpp"

#include <algorithm>
#include <array>
#include <string_view>

#include "llm/json_scanner.hpp"

namespace corchestra::llm {

namespace {

using count = usage_counts::count;
constexpr std::int64_t beyond = 1'000'000'000'000'000;

enum object : std::size_t { usage_itself, prompt_details, completion_details, cache_creation };
constexpr std::array<std::string_view, 4> object_names = {"", "prompt_tokens_details", "completion_tokens_details",
                                                          "cache_creation"};

struct place {
  object in;
  std::string_view name;
  count usage_counts::* to;
};

constexpr std::array<place, 12> places = {{
    {usage_itself, "prompt_tokens", &usage_counts::prompt},
    {usage_itself, "completion_tokens", &usage_counts::completion},
    {usage_itself, "total_tokens", &usage_counts::total},
    {usage_itself, "cache_read_input_tokens", &usage_counts::cache_read},
    {usage_itself, "prompt_cache_hit_tokens", &usage_counts::cache_hit},
    {usage_itself, "cache_creation_input_tokens", &usage_counts::cache_creation_input},
    {prompt_details, "cached_tokens", &usage_counts::cached},
    {prompt_details, "cache_write_tokens", &usage_counts::cache_write},
    {prompt_details, "cache_creation_tokens", &usage_counts::cache_creation},
    {completion_details, "reasoning_tokens", &usage_counts::reasoning},
    {cache_creation, "ephemeral_5m_input_tokens", &usage_counts::written_5m},
    {cache_creation, "ephemeral_1h_input_tokens", &usage_counts::written_1h},
}};

// The responses API has names of its own for the same counts.
std::string_view responses_name(std::string_view chat) {
  if (chat == "prompt_tokens") return "input_tokens";
  if (chat == "completion_tokens") return "output_tokens";
  if (chat == "prompt_tokens_details") return "input_tokens_details";
  if (chat == "completion_tokens_details") return "output_tokens_details";
  return chat;
}

const json* find_member(const json& object, std::string_view name) {
  const auto it = object.find(name);
  return it == object.end() ? nullptr : &*it;
}

count count_of(const json& object, std::string_view name) {
  const json* value = find_member(object, name);
  if (!value || !value->is_number()) return std::nullopt;
  const double n = value->get<double>();
  return n >= 0 && n < beyond ? static_cast<std::int64_t>(n) : 0;
}

std::int64_t first_of(std::initializer_list<count> counts) {
  const auto found = std::find_if(counts.begin(), counts.end(), [](const count& c) { return c.has_value(); });
  return found == counts.end() ? 0 : **found;
}

std::int64_t sum_of(const count& a, const count& b) { return a.value_or(0) + b.value_or(0); }

bool read_members(json_scanner& in, usage_counts& to, object where) {
  for (const place& p : places)
    if (p.in == where && to.*p.to) return false;  // the same object twice
  return in.object([&](std::string_view key) {
    for (const place& p : places) {
      if (p.in != where || p.name != key) continue;
      std::int64_t n = 0;
      if (to.*p.to || !in.integer(n)) return false;
      to.*p.to = n >= 0 && n < beyond ? n : 0;
      return true;
    }
    if (where == usage_itself && in.peek() == '{')
      for (const object nested : {prompt_details, completion_details, cache_creation})
        if (object_names[nested] == key) return read_members(in, to, nested);
    return in.skip();
  });
}

}  // namespace

bool usage_counts::read(json_scanner& in) { return read_members(in, *this, usage_itself) && (prompt || completion); }

std::optional<token_usage> usage_counts::usage() const {
  if (!prompt && !completion) return std::nullopt;
  token_usage u{.prompt_tokens = prompt.value_or(0), .completion_tokens = completion.value_or(0), .calls = 1};
  u.cached_tokens = first_of({cached, cache_read, cache_hit});
  u.cache_write_1h_tokens = written_1h.value_or(0);
  // A breakdown may be less than the total, and the total may be missing: the greater of the two was written.
  u.cache_write_tokens = std::max(first_of({cache_write, cache_creation, cache_creation_input}),
                                  sum_of(written_5m, u.cache_write_1h_tokens));
  u.reasoning_tokens = reasoning.value_or(0);
  if (u.reasoning_tokens > 0 && total == u.total_tokens() + u.reasoning_tokens)
    u.completion_tokens += u.reasoning_tokens;
  return u;
}

std::optional<token_usage> read_usage(const json& usage) {
  if (!usage.is_object()) return std::nullopt;
  const bool responses = !usage.contains("prompt_tokens") && !usage.contains("completion_tokens");
  const auto name = [responses](std::string_view chat) { return responses ? responses_name(chat) : chat; };
  usage_counts counts;
  for (const place& p : places) {
    const json* const from = p.in == usage_itself ? &usage : find_member(usage, name(object_names[p.in]));
    if (from && from->is_object()) counts.*p.to = count_of(*from, name(p.name));
  }
  return counts.usage();
}

}  // namespace corchestra::llm
