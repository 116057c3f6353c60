#pragma once

namespace corchestra::bench {

/// Binds this process to one core and names another for the servers it starts. Ends the program as skipped where there
/// is only one.
struct two_cores {
  two_cores();
  int client = 0, server = 0;
};

/// What the harness takes as "cannot be measured here".
[[noreturn]] void skip(const char* why);

}  // namespace corchestra::bench
