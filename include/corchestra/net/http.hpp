#pragma once

#include <cstddef>
#include <initializer_list>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace corchestra::net {

/// Header fields in order; names compare without case.
class http_headers {
 public:
  http_headers() = default;
  http_headers(std::initializer_list<std::pair<std::string, std::string>> list) : fields_(list) {}

  void reserve(std::size_t fields) { fields_.reserve(fields); }
  void add(std::string name, std::string value) { fields_.emplace_back(std::move(name), std::move(value)); }
  void set(std::string_view name, std::string value);
  /// The first field of that name, or empty.
  std::string_view get(std::string_view name) const noexcept;
  bool has(std::string_view name) const noexcept;
  auto begin() const noexcept { return fields_.begin(); }
  auto end() const noexcept { return fields_.end(); }
  std::size_t size() const noexcept { return fields_.size(); }

 private:
  std::vector<std::pair<std::string, std::string>> fields_;
};

struct http_response {
  int status = 0;
  http_headers headers;
  std::string body;  ///< empty when it was streamed to a sink
};

}  // namespace corchestra::net
