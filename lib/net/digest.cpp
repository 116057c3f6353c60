#include <openssl/evp.h>

#include <array>

#include <corchestra/net/digest.hpp>

namespace corchestra::net {

struct sha256::impl {
  std::unique_ptr<EVP_MD_CTX, decltype(&EVP_MD_CTX_free)> context{EVP_MD_CTX_new(), &EVP_MD_CTX_free};
};

sha256::sha256() : impl_(std::make_unique<impl>()) {
  EVP_DigestInit_ex(impl_->context.get(), EVP_sha256(), nullptr);
}
sha256::~sha256() = default;
sha256::sha256(sha256&&) noexcept = default;

void sha256::add(std::string_view bytes) { EVP_DigestUpdate(impl_->context.get(), bytes.data(), bytes.size()); }

std::string sha256_hex(std::string_view bytes) {
  sha256 digest;
  digest.add(bytes);
  return digest.hex();
}

std::string sha256::hex() {
  std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
  unsigned int size = 0;
  EVP_DigestFinal_ex(impl_->context.get(), digest.data(), &size);
  static constexpr char hex[] = "0123456789abcdef";
  std::string out;
  out.reserve(2 * size);
  for (unsigned int i = 0; i < size; ++i) {
    out += hex[digest[i] >> 4];
    out += hex[digest[i] & 15];
  }
  return out;
}

}  // namespace corchestra::net
