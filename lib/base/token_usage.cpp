#include <corchestra/base/token_usage.hpp>

namespace corchestra {

ordered_json to_json_value(const token_usage& u) {
  if (!u.known()) return nullptr;
  ordered_json out = ordered_json::object();
  out["prompt_tokens"] = u.prompt_tokens;
  out["completion_tokens"] = u.completion_tokens;
  out["total_tokens"] = u.total_tokens();
  out["cached_tokens"] = u.cached_tokens;
  out["reasoning_tokens"] = u.reasoning_tokens;
  if (u.cache_write_tokens != 0) out["cache_write_tokens"] = u.cache_write_tokens;
  if (u.cache_write_1h_tokens != 0) out["cache_write_1h_tokens"] = u.cache_write_1h_tokens;
  return out;
}

}  // namespace corchestra
