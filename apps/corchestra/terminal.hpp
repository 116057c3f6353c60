#pragma once

#include <string_view>

namespace corchestra::program {

/// Everything at once, as far as the other end takes it: 0, or what errno was. Of lines for people that is no error of
/// a run.
int write_to(int fd, std::string_view bytes) noexcept;
void print(std::string_view text) noexcept;        ///< on stdout: what a program or person asked for
bool print_failed() noexcept;                      ///< some of it could not be written; the first time, stderr says so
void print_error(std::string_view text) noexcept;  ///< `corchestra: text` on stderr

/// What an output can show.
struct terminal {
  bool interactive = false;  ///< bars may be redrawn
  bool color = false;
  unsigned width = 100, height = 30;
};

/// Of a file descriptor, in view of TERM, NO_COLOR and COLUMNS.
terminal look_at(int fd, bool no_color);

}  // namespace corchestra::program
