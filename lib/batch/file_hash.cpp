#include "batch/file_hash.hpp"

#define XXH_INLINE_ALL
#include <xxhash.h>

#include "base/hex.hpp"
#include "batch/block_reader.hpp"

namespace corchestra::batch {

struct file_hash::impl {
  XXH3_state_t state;
};

file_hash::file_hash() : impl_(std::make_unique<impl>()) { XXH3_128bits_reset(&impl_->state); }
file_hash::~file_hash() = default;

void file_hash::add(std::string_view bytes) noexcept { XXH3_128bits_update(&impl_->state, bytes.data(), bytes.size()); }

std::string file_hash::hex() const {
  XXH128_canonical_t canonical;
  XXH128_canonicalFromHash(&canonical, XXH3_128bits_digest(&impl_->state));
  return detail::to_hex(canonical.digest);
}

result<std::string> file_hash::of(const std::filesystem::path& file) {
  auto blocks = block_reader::open(file);
  if (blocks.has_error()) return blocks.error();
  file_hash hash;
  for (;;) {
    const auto block = blocks->next();
    if (block.has_error()) return block.error();
    if (block->empty()) return hash.hex();
    hash.add(*block);
  }
}

}  // namespace corchestra::batch
