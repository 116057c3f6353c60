#pragma once

#include <memory>
#include <string>
#include <string_view>

namespace corchestra::net {

/// SHA-256 in lower-case hex: for cache keys. Making the input canonical is the caller's concern.
std::string sha256_hex(std::string_view bytes);

/// The same of bytes that come piece by piece.
class sha256 {
 public:
  sha256();
  ~sha256();
  sha256(sha256&&) noexcept;
  void add(std::string_view bytes);
  /// Of all that was added; to be called once.
  std::string hex();

 private:
  struct impl;
  std::unique_ptr<impl> impl_;
};

}  // namespace corchestra::net
