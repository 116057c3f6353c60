#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>

#include "base/utf8.hpp"

namespace corchestra::detail {

/// The first byte from `at` that does not stand for itself in a JSON string: a quote, a backslash, a control character,
/// or not well-formed UTF-8; else `end`.
inline const char* end_of_plain(const char* at, const char* end) noexcept {
  constexpr std::uint64_t ones = 0x0101010101010101, tops = 0x8080808080808080;
  for (;;) {
    // Eight bytes at a time: a top bit is set where one is below a space, a quote, a backslash or beyond ASCII. What is
    // above such a byte may be wrong, the lowest is right.
    if constexpr (std::endian::native == std::endian::little) {
      while (end - at >= 8) {
        std::uint64_t w = 0;
        std::memcpy(&w, at, 8);
        const std::uint64_t quote = w ^ (ones * '"'), escape = w ^ (ones * '\\');
        const std::uint64_t special = (((w - ones * 0x20) | (quote - ones) | (escape - ones)) & ~w & tops) | (w & tops);
        if (special != 0) {
          at += std::countr_zero(special) / 8;
          break;
        }
        at += 8;
      }
    }
    while (at != end && static_cast<unsigned char>(*at) >= 0x20 && static_cast<unsigned char>(*at) < 0x80 &&
           *at != '"' && *at != '\\')
      ++at;
    if (at == end || static_cast<unsigned char>(*at) < 0x80) return at;
    const std::size_t size = code_point_size({at, static_cast<std::size_t>(end - at)});
    if (size == 0) return at;
    at += size;
  }
}

}  // namespace corchestra::detail
