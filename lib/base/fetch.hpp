#pragma once

#include <cstddef>
#include <cstdint>

namespace corchestra::detail {

/// Asks the processor for so many bytes of memory, which are to be read or written soon. No address can harm; of nothing it asks for nothing.
inline void fetch(const void* at, std::size_t bytes, std::ptrdiff_t offset = 0) noexcept {
  if (at == nullptr || bytes == 0) return;
  const auto first = reinterpret_cast<std::uintptr_t>(at) + static_cast<std::uintptr_t>(offset);
  for (std::size_t i = 0; i < bytes; i += 64) __builtin_prefetch(reinterpret_cast<const void*>(first + i), 1);
  __builtin_prefetch(reinterpret_cast<const void*>(first + bytes - 1), 1);
}

}  // namespace corchestra::detail
