#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>

#if defined(__SSE2__)
#include <emmintrin.h>
#endif

#include "base/utf8.hpp"

namespace corchestra::detail {

/// Where the first quote, backslash, control character or byte beyond ASCII is, looked for in whole blocks: the end may be
/// near when it is at none.
inline const char* end_of_plain_blocks(const char* at, const char* end) noexcept {
#if defined(__SSE2__)
  for (; end - at >= 16; at += 16) {
    const __m128i bytes = _mm_loadu_si128(reinterpret_cast<const __m128i*>(at));
    const __m128i low = _mm_cmplt_epi8(bytes, _mm_set1_epi8(' '));  // signed: beyond ASCII too
    const __m128i quote = _mm_cmpeq_epi8(bytes, _mm_set1_epi8('"')), escape = _mm_cmpeq_epi8(bytes, _mm_set1_epi8('\\'));
    const int special = _mm_movemask_epi8(_mm_or_si128(low, _mm_or_si128(quote, escape)));
    if (special != 0) return at + std::countr_zero(static_cast<unsigned>(special));
  }
#endif
  // Eight bytes at a time: a top bit is set where one is below a space, a quote, a backslash or beyond ASCII. What is
  // above such a byte may be wrong, the lowest is right.
  if constexpr (std::endian::native == std::endian::little) {
    constexpr std::uint64_t ones = 0x0101010101010101, tops = 0x8080808080808080;
    for (; end - at >= 8; at += 8) {
      std::uint64_t w = 0;
      std::memcpy(&w, at, 8);
      const std::uint64_t quote = w ^ (ones * '"'), escape = w ^ (ones * '\\');
      const std::uint64_t special = (((w - ones * 0x20) | (quote - ones) | (escape - ones)) & ~w & tops) | (w & tops);
      if (special != 0) return at + std::countr_zero(special) / 8;
    }
  }
  return at;
}

/// The first byte from `at` that does not stand for itself in a JSON string: a quote, a backslash, a control character,
/// or not well-formed UTF-8; else `end`.
inline const char* end_of_plain(const char* at, const char* end) noexcept {
  for (;;) {
    at = end_of_plain_blocks(at, end);
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
