#pragma once

#include <cstddef>
#include <new>

namespace corchestra::detail {

/// Room for a T that is constructed and destroyed by its user.
template <class T>
struct place {
  alignas(T) std::byte bytes[sizeof(T)];  // NOLINT(modernize-avoid-c-arrays)

  T& get() noexcept { return *std::launder(reinterpret_cast<T*>(bytes)); }
};

}  // namespace corchestra::detail
