#pragma once

#if __has_include(<sys/single_threaded.h>)
#include <sys/single_threaded.h>
#endif

namespace corchestra::detail {

/// The process has one thread, as far as the C library can tell: what threads share needs no atomic operations now. std::shared_ptr asks the
/// same.
inline bool is_single_threaded() noexcept {
#if __has_include(<sys/single_threaded.h>)
  return __libc_single_threaded != 0;
#else
  return false;
#endif
}

}  // namespace corchestra::detail
