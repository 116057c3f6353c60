#pragma once

#include <string>
#include <string_view>

namespace corchestra::net {

/// SHA-256 in lower-case hex: for cache keys. Making the input canonical is the caller's concern.
std::string sha256_hex(std::string_view bytes);

}  // namespace corchestra::net
