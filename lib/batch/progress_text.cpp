#include "batch/progress_text.hpp"

#include <algorithm>
#include <cmath>

#include <corchestra/base/text.hpp>

#include "monitor/number_text.hpp"

namespace corchestra::batch {

namespace {

std::string rounded(double n) { return corchestra::detail::grouped_text(std::llround(n)); }

std::string rate(double used, const std::optional<double>& limit, std::string_view what) {
  std::string out = rounded(used);
  if (limit) out += concat(" of ", rounded(*limit));
  return concat(out, ' ', what, "/min");
}

}  // namespace

std::string count_text(std::uint64_t n) { return corchestra::detail::grouped_text(static_cast<std::int64_t>(n)); }
std::string money_text(const llm::money& m) { return corchestra::detail::dollars_text(m.micro_dollars()); }

std::string causes_text(const std::map<std::string, std::uint64_t>& failures, std::size_t most) {
  std::vector<std::pair<std::string, std::uint64_t>> sorted(failures.begin(), failures.end());
  std::sort(sorted.begin(), sorted.end(), [](const auto& a, const auto& b) {
    return a.second != b.second ? a.second > b.second : a.first < b.first;
  });
  std::vector<std::string> parts;
  for (const auto& [code, n] : sorted) {
    if (parts.size() == most) {
      parts.emplace_back("...");
      break;
    }
    parts.push_back(concat(count_text(n), ' ', code));
  }
  return join(parts, ", ");
}

std::string counts_text(const batch_progress& p, std::string_view separator) {
  std::vector<std::string> parts{concat(count_text(p.done), " done")};
  if (p.failed > 0) parts.push_back(concat(count_text(p.failed), " failed (", causes_text(p.failures, 3), ')'));
  parts.push_back(concat(count_text(p.in_flight), " in flight"));
  if (p.draining) parts.emplace_back("draining");
  return join(parts, separator);
}

std::string tokens_text(const token_usage& u) {
  return concat(corchestra::detail::grouped_text(u.prompt_tokens), " tokens in, ",
                corchestra::detail::grouped_text(u.completion_tokens), " out");
}

std::string cost_text(const batch_progress& p, std::string_view separator) {
  std::vector<std::string> parts;
  if (p.spent > llm::money() || p.budget) {
    std::string spent = money_text(p.spent);
    if (p.budget) spent += concat(" of ", money_text(*p.budget));
    parts.push_back(std::move(spent));
    if (p.projected && *p.projected > p.spent) parts.push_back(concat(money_text(*p.projected), " at the end"));
  }
  if (p.estimated_calls > 0) parts.push_back(concat(count_text(p.estimated_calls), " calls at their most"));
  if (p.unpriced_calls > 0 && !parts.empty())
    parts.push_back(concat(count_text(p.unpriced_calls), " calls without a known cost"));
  if (p.usage_missing) parts.emplace_back("usage is missing");
  return join(parts, separator);
}

std::string limits_text(const batch_progress& p, std::string_view separator) {
  std::optional<double> requests, tokens;
  if (p.limiter) requests = p.limiter->requests_a_minute, tokens = p.limiter->tokens_a_minute;
  std::vector<std::string> parts{rate(p.requests_a_minute, requests, "requests"),
                                 rate(p.tokens_a_minute, tokens, "tokens")};
  if (p.limiter) {
    parts.push_back(concat(p.limiter->in_flight, " of ", p.limiter->in_flight_limit, " calls out"));
    if (p.limiter->throttled > 0) parts.push_back(concat(count_text(p.limiter->throttled), " refused"));
    if (p.limiter->paused_until > p.at) {
      const auto left = std::chrono::ceil<std::chrono::seconds>(p.limiter->paused_until - p.at);
      parts.push_back(concat(p.limiter->circuit_open ? "circuit open for " : "paused for ", left.count(), " s"));
    }
  }
  return join(parts, separator);
}

std::string left_text(const batch_progress& p) {
  if (!p.left) return "ETA unknown";
  const auto seconds = std::chrono::round<std::chrono::seconds>(*p.left);
  return concat("ETA ", seconds.count() < 60 ? concat(seconds.count(), " s") : to_text(duration(seconds)));
}

}  // namespace corchestra::batch
