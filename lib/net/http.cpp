#include <algorithm>

#include <corchestra/net/http.hpp>

namespace corchestra::net {

namespace {

char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }

bool same_name(std::string_view a, std::string_view b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(), [](char x, char y) { return lower(x) == lower(y); });
}

}  // namespace

void http_headers::set(std::string_view name, std::string value) {
  std::erase_if(fields_, [&](const auto& f) { return same_name(f.first, name); });
  fields_.emplace_back(std::string(name), std::move(value));
}

std::string_view http_headers::get(std::string_view name) const noexcept {
  for (const auto& [n, value] : fields_) {
    if (same_name(n, name)) return value;
  }
  return {};
}

bool http_headers::has(std::string_view name) const noexcept {
  return std::any_of(fields_.begin(), fields_.end(), [&](const auto& f) { return same_name(f.first, name); });
}

}  // namespace corchestra::net
