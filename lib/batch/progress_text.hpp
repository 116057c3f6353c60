#pragma once

#include <string>
#include <string_view>
#include <vector>

#include <corchestra/batch/batch_progress.hpp>

namespace corchestra::batch {

/// `12,300`
std::string count_text(std::uint64_t n);
/// `$1.23`
std::string money_text(const llm::money& m);
/// `12 rate_limited, 3 timeout`, the most frequent first, at most `most` of them.
std::string causes_text(const std::map<std::string, std::uint64_t>& failures, std::size_t most);
/// `12,300 done · 45 failed (40 rate_limited, 5 timeout) · 64 in flight`
std::string counts_text(const batch_progress& p, std::string_view separator);
/// `1,200,000 tokens in, 300,000 out`
std::string tokens_text(const token_usage& u);
/// `$1.23`, `$1.23 of $5.00`, with what has no known price; empty when nothing is known of costs.
std::string cost_text(const batch_progress& p, std::string_view separator);
/// `1,234 of 5,000 requests/min · 45,000 tokens/min · 64 of 64 in flight · paused 3 s`
std::string limits_text(const batch_progress& p, std::string_view separator);
/// `ETA 2 m 05 s`
std::string left_text(const batch_progress& p);

}  // namespace corchestra::batch
