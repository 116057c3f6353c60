#pragma once

#include <sys/types.h>

#include <functional>
#include <string>
#include <vector>

namespace corchestra::bench {

void bind_to_core(int core);

/// A process of the bench's own on one core, ended with this object.
class child {
 public:
  /// A program with its arguments, found in PATH or the folders of administrators.
  child(const std::vector<std::string>& command, int core);
  /// A function of this program in a copy of the process. What it writes to `out` can be read from `pipe()`.
  child(const std::function<void(int out)>& body, int core);
  child(const child&) = delete;
  child& operator=(const child&) = delete;
  ~child();

  /// Its standard output, or what the function writes.
  int pipe() const noexcept { return pipe_; }
  /// All of it, up to its end.
  std::string output() const;
  /// Exactly so many bytes. Ends the program when they do not come.
  void read(void* into, std::size_t bytes) const;

 private:
  pid_t start(int core, const std::function<void(int out)>& body);

  int pipe_ = -1;
  pid_t process_ = -1;
};

/// Whether there is such a program.
bool installed(const std::string& program);

}  // namespace corchestra::bench
