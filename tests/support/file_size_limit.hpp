#pragma once

#include <sys/resource.h>

#include <csignal>
#include <stdexcept>

namespace corchestra::tests {

/// While it lives no file of this process grows beyond so many bytes, as on a disk that is full.
class file_size_limit {
 public:
  explicit file_size_limit(rlim_t bytes) : handler_(std::signal(SIGXFSZ, SIG_IGN)) {
    if (::getrlimit(RLIMIT_FSIZE, &before_) != 0) throw std::runtime_error("cannot read the limit of file sizes");
    rlimit less = before_;
    less.rlim_cur = bytes;
    if (::setrlimit(RLIMIT_FSIZE, &less) != 0) throw std::runtime_error("cannot limit file sizes");
  }
  file_size_limit(const file_size_limit&) = delete;
  file_size_limit& operator=(const file_size_limit&) = delete;
  ~file_size_limit() {
    ::setrlimit(RLIMIT_FSIZE, &before_);
    std::signal(SIGXFSZ, handler_);
  }

 private:
  rlimit before_{};
  void (*handler_)(int);
};

}  // namespace corchestra::tests
