#include "batch/batch_totals.hpp"

namespace corchestra::batch {

namespace {

// In order; the names are those of the state file.
constexpr std::pair<const char*, std::int64_t token_usage::*> counts[] = {
    {"prompt_tokens", &token_usage::prompt_tokens},
    {"completion_tokens", &token_usage::completion_tokens},
    {"cached_tokens", &token_usage::cached_tokens},
    {"reasoning_tokens", &token_usage::reasoning_tokens},
    {"calls", &token_usage::calls},
    {"cache_write_tokens", &token_usage::cache_write_tokens},
    {"cache_write_1h_tokens", &token_usage::cache_write_1h_tokens}};

std::uint64_t count_of(const json& object, const char* name) {
  const auto it = object.find(name);
  return it != object.end() && it->is_number_unsigned() ? it->get<std::uint64_t>() : 0;
}

}  // namespace

ordered_json to_json_value(const batch_totals& t) {
  ordered_json usage = ordered_json::object(), failures = ordered_json::object();
  for (const auto& [name, member] : counts) usage[name] = t.usage.*member;
  for (const auto& [code, n] : t.failures) failures[code] = n;
  return {{"usage", std::move(usage)},
          {"spent_usd", t.spent.to_text()},
          {"unpriced_calls", t.unpriced_calls},
          {"estimated_calls", t.estimated_calls},
          {"failures", std::move(failures)}};
}

batch_totals totals_from(const json& value) {
  batch_totals t;
  if (!value.is_object()) return t;
  if (const auto usage = value.find("usage"); usage != value.end() && usage->is_object()) {
    for (const auto& [name, member] : counts) t.usage.*member = static_cast<std::int64_t>(count_of(*usage, name));
  }
  if (const auto spent = value.find("spent_usd"); spent != value.end() && spent->is_string())
    t.spent = llm::money::parse(spent->get_ref<const std::string&>()).value_or(llm::money());
  t.unpriced_calls = count_of(value, "unpriced_calls");
  t.estimated_calls = count_of(value, "estimated_calls");
  if (const auto failures = value.find("failures"); failures != value.end() && failures->is_object()) {
    for (const auto& [code, n] : failures->items())
      if (n.is_number_unsigned()) t.failures[code] = n.get<std::uint64_t>();
  }
  return t;
}

}  // namespace corchestra::batch
