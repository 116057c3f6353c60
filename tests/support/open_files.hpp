#pragma once

#include <dirent.h>

#include <cstddef>

namespace corchestra::tests {

/// How many file descriptors this process has.
inline std::size_t open_files() {
  std::size_t n = 0;
  DIR* dir = ::opendir("/proc/self/fd");
  while (::readdir(dir)) ++n;
  ::closedir(dir);
  return n;
}

}  // namespace corchestra::tests
