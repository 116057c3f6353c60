#pragma once

#include <corchestra/base/time.hpp>

namespace corchestra::llm {

/// Constants of the official SDKs (openai-python v3.3.1). The wait before retry n (from 0) comes from
/// b = min(first_delay * 2^n, max_delay) and a random part: transport failures and plain 5xx wait 0..b (full jitter),
/// 429 and 503 wait b/2..b (equal jitter), and a server that names a time is not asked before it (that time, plus
/// 0..b/2).
struct http_retry_policy {
  int max_retries = 2;
  duration first_delay = std::chrono::milliseconds(500);
  duration max_delay = std::chrono::seconds(8);
  duration max_retry_after = std::chrono::seconds(120);  ///< a longer Retry-After is a failure
};

}  // namespace corchestra::llm
