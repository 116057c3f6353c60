#include <openssl/evp.h>

#include <array>

#include <corchestra/net/digest.hpp>

#include "base/hex.hpp"

namespace corchestra::net {

std::string sha256_hex(std::string_view bytes) {
  std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
  unsigned int size = 0;
  EVP_Digest(bytes.data(), bytes.size(), digest.data(), &size, EVP_sha256(), nullptr);
  return detail::to_hex({digest.data(), size});
}

}  // namespace corchestra::net
