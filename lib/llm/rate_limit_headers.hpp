#pragma once

#include <corchestra/llm/limiter.hpp>
#include <corchestra/net/http.hpp>

namespace corchestra::llm {

/// `x-ratelimit-{limit,remaining,reset}-{requests,tokens}`. What is no number, below zero, or a limit of zero counts as
/// absent: some gateways send -1 or 0 for "unknown".
rate_limits parse_rate_limits(const net::http_headers& headers);

}  // namespace corchestra::llm
