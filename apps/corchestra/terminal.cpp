#include "terminal.hpp"

#include <poll.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <cerrno>
#include <charconv>
#include <cstdlib>
#include <optional>
#include <system_error>
#include <utility>

#include <corchestra/base/text.hpp>

namespace corchestra::program {

namespace {

bool stdout_failed = false;

std::string_view variable(const char* name) {
  const char* value = std::getenv(name);
  return value ? std::string_view(value) : std::string_view();
}

std::optional<unsigned> size_from(const char* name) {
  const std::string_view text = variable(name);
  unsigned n = 0;
  const auto [end, ec] = std::from_chars(text.data(), text.data() + text.size(), n);
  if (ec != std::errc() || end != text.data() + text.size() || n == 0 || n > 10'000) return std::nullopt;
  return n;
}

}  // namespace

int write_to(int fd, std::string_view bytes) noexcept {
  while (!bytes.empty()) {
    const ssize_t n = ::write(fd, bytes.data(), bytes.size());
    if (n >= 0) {
      bytes.remove_prefix(static_cast<std::size_t>(n));
    } else if (errno == EAGAIN) {
      pollfd ready{fd, POLLOUT, 0};
      ::poll(&ready, 1, -1);
    } else if (errno != EINTR) {
      return errno;
    }
  }
  return 0;
}

void print(std::string_view text) noexcept {
  const int why = write_to(STDOUT_FILENO, text);
  if (why == 0 || std::exchange(stdout_failed, true) || why == EPIPE) return;  // a reader that has gone knows
  print_error(concat("cannot write to stdout: ", std::generic_category().message(why)));
}

bool print_failed() noexcept { return stdout_failed; }

void print_error(std::string_view text) noexcept { write_to(STDERR_FILENO, concat("corchestra: ", text, "\n")); }

terminal look_at(int fd, bool no_color) {
  terminal t;
  t.interactive = ::isatty(fd) == 1 && variable("TERM") != "dumb";
  t.color = t.interactive && !no_color && variable("NO_COLOR").empty();
  winsize size{};
  if (t.interactive && ::ioctl(fd, TIOCGWINSZ, &size) == 0) {
    if (size.ws_col > 0) t.width = size.ws_col;
    if (size.ws_row > 0) t.height = size.ws_row;
  }
  if (const auto columns = size_from("COLUMNS")) t.width = *columns;
  if (const auto lines = size_from("LINES")) t.height = *lines;
  return t;
}

}  // namespace corchestra::program
