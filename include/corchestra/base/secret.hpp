#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace corchestra {

/// A value that must not be shown: it has no stream operator and no conversion, only `reveal()`.
class secret {
 public:
  secret() = default;
  explicit secret(std::string value) : value_(std::move(value)) {}
  bool empty() const noexcept { return value_.empty(); }
  const std::string& reveal() const noexcept { return value_; }

 private:
  std::string value_;
};

/// Replaces every occurrence of the given secrets (of `least` bytes or more) by `[redacted]`.
class redactor {
 public:
  static constexpr std::size_t least = 6;

  void add(const secret& s);
  bool empty() const noexcept { return words_.empty(); }
  std::string operator()(std::string text) const;
  /// How many bytes at the end of `text` may be the begin of a secret: of a text that comes in pieces they wait for the
  /// next one.
  std::size_t begun(std::string_view text) const noexcept;

 private:
  std::vector<std::string> words_;
};

}  // namespace corchestra
