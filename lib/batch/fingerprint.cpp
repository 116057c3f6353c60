#include "batch/fingerprint.hpp"

#include <corchestra/net/digest.hpp>

#include "batch/block_reader.hpp"

namespace corchestra::batch {

result<std::string> fingerprint(const std::filesystem::path& file) {
  auto blocks = block_reader::open(file);
  if (blocks.has_error()) return blocks.error();
  net::sha256 digest;
  for (;;) {
    const auto block = blocks->next();
    if (block.has_error()) return block.error();
    if (block->empty()) return digest.hex();
    digest.add(*block);
  }
}

}  // namespace corchestra::batch
