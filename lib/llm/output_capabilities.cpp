#include <corchestra/llm/output_capabilities.hpp>

#include <algorithm>

namespace corchestra::llm {

std::string_view to_string(output_rung r) noexcept {
  constexpr std::string_view names[] = {"strict_schema", "schema", "tool_call", "json_object", "prompt"};
  return names[static_cast<std::size_t>(r)];
}

output_rung output_capabilities::first(std::string_view endpoint, std::string_view model, time_point now) const {
  const std::lock_guard lock(mutex_);
  const auto found = entries_.find(std::pair(std::string(endpoint), std::string(model)));
  const bool known = found != entries_.end() && now - found->second.learnt_at < keep_;
  return known ? found->second.rung : output_rung::strict_schema;
}

void output_capabilities::learn(std::string_view endpoint, std::string_view model, output_rung works, time_point now) {
  const std::lock_guard lock(mutex_);
  if (most_ == 0) return;
  std::pair key{std::string(endpoint), std::string(model)};
  if (entries_.size() >= most_ && !entries_.contains(key))
    entries_.erase(std::min_element(entries_.begin(), entries_.end(), [](const auto& a, const auto& b) {
      return a.second.learnt_at < b.second.learnt_at;
    }));
  entries_.insert_or_assign(std::move(key), entry{works, now});
}

std::size_t output_capabilities::size() const {
  const std::lock_guard lock(mutex_);
  return entries_.size();
}

}  // namespace corchestra::llm
