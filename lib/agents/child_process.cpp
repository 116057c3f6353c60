#include "agents/child_process.hpp"

#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <boost/asio/buffer.hpp>
#include <boost/asio/error.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/system/system_error.hpp>
#include <cerrno>
#include <memory>
#include <optional>
#include <system_error>

#include <corchestra/async/scope.hpp>
#include <corchestra/async/time_service.hpp>
#include <corchestra/async/timeout.hpp>
#include <corchestra/base/text.hpp>

#include "agents/limit_script.hpp"

extern char** environ;

namespace corchestra::detail {

namespace {

namespace fs = std::filesystem;

std::string os_message(int code) { return std::generic_category().message(code); }

class unique_fd {
 public:
  unique_fd() = default;
  // Above the standard three, so that none of them is overwritten while they are put in place.
  explicit unique_fd(int fd) : fd_(fd) {
    if (fd_ >= 0 && fd_ <= STDERR_FILENO) {
      fd_ = ::fcntl(fd, F_DUPFD_CLOEXEC, STDERR_FILENO + 1);
      ::close(fd);
    }
  }
  unique_fd(unique_fd&& o) noexcept : fd_(std::exchange(o.fd_, -1)) {}
  unique_fd& operator=(unique_fd&& o) noexcept {
    std::swap(fd_, o.fd_);
    return *this;
  }
  ~unique_fd() {
    if (fd_ >= 0) ::close(fd_);
  }
  int get() const noexcept { return fd_; }
  int release() noexcept { return std::exchange(fd_, -1); }
  explicit operator bool() const noexcept { return fd_ >= 0; }

 private:
  int fd_ = -1;
};

struct pipe_ends {
  unique_fd read, write;
  explicit operator bool() const noexcept { return read && write; }
};

pipe_ends make_pipe() {
  int fds[2] = {-1, -1};
  if (::pipe2(fds, O_CLOEXEC) != 0) return {};
  return {unique_fd(fds[0]), unique_fd(fds[1])};
}

// The input as an anonymous file: nothing to write while reading, no SIGPIPE, and /dev/stdin can be opened, which a
// socket does not allow.
unique_fd make_input(std::string_view text) {
  unique_fd file(::memfd_create("stdin", MFD_CLOEXEC));
  while (file && !text.empty()) {
    const ssize_t n = ::write(file.get(), text.data(), text.size());
    if (n > 0) {
      text.remove_prefix(static_cast<std::size_t>(n));
    } else if (errno != EINTR) {
      return {};
    }
  }
  if (file) ::lseek(file.get(), 0, SEEK_SET);
  return file;
}

// Attributes and file actions of posix_spawn, with their clean-up.
struct spawn_set_up {
  posix_spawnattr_t attributes;
  posix_spawn_file_actions_t actions;

  spawn_set_up(const std::array<int, 3>& standard, const fs::path& cwd) {
    ::posix_spawnattr_init(&attributes);
    ::posix_spawn_file_actions_init(&actions);
    sigset_t all, none;
    sigfillset(&all);
    sigemptyset(&none);
    ::posix_spawnattr_setsigdefault(&attributes, &all);
    ::posix_spawnattr_setsigmask(&attributes, &none);
    ::posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSID | POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETSIGMASK);
    for (int i = 0; i < 3; ++i) ::posix_spawn_file_actions_adddup2(&actions, standard[static_cast<std::size_t>(i)], i);
    ::posix_spawn_file_actions_addchdir_np(&actions, cwd.c_str());
    ::posix_spawn_file_actions_addclosefrom_np(&actions, STDERR_FILENO + 1);
  }
  spawn_set_up(const spawn_set_up&) = delete;
  spawn_set_up& operator=(const spawn_set_up&) = delete;
  ~spawn_set_up() {
    ::posix_spawn_file_actions_destroy(&actions);
    ::posix_spawnattr_destroy(&attributes);
  }
};

bool is_program(const fs::path& p) {
  std::error_code ignored;
  return fs::is_regular_file(p, ignored) && ::access(p.c_str(), X_OK) == 0;
}

// The program, or a shell that sets its limits and becomes it.
std::vector<std::string> command_line(const child_command& command, const fs::path& program) {
  if (!command.limits.any()) return command.argv;
  std::vector<std::string> line = {"sh", "-c", limit_script(command.limits), "sh", program.native()};
  line.insert(line.end(), command.argv.begin() + 1, command.argv.end());
  return line;
}

error status_is_lost(const child_command& command) {
  return fail(errc::command_failed,
              concat(quote(command.argv[0]), " has ended, but this process ignores SIGCHLD: its exit code is lost"),
              retry_class::terminal);
}

// A started program; it does not outlive the object.
class child {
 public:
  child(const any_io_executor& executor, pid_t pid, unique_fd pidfd, unique_fd out, unique_fd err)
      : out_(executor, out.release()), err_(executor, err.release()), pid_(pid), exited_(executor, pidfd.release()) {}
  child(const child&) = delete;
  child& operator=(const child&) = delete;
  ~child() {
    if (reaped_) return;
    signal_group(SIGKILL);
    reap();
  }

  static result<std::shared_ptr<child>> start(const any_io_executor& executor, const child_command& command);

  /// Until the program itself has ended. It stays a zombie until `reap`, so that its group's number cannot be reused.
  awaitable<void> ended() {
    co_await exited_.async_wait(asio::posix::stream_descriptor::wait_read, asio::use_awaitable);
  }

  void signal_group(int signal) noexcept {
    if (!reaped_) ::kill(-pid_, signal);
  }

  /// Waits, and must therefore follow `ended` or SIGKILL. False when the host took the child's status away.
  bool reap() noexcept {
    if (reaped_) return true;
    reaped_ = true;
    int got = 0;
    do {
      got = ::waitid(P_PID, static_cast<id_t>(pid_), &info_, WEXITED);  // not P_PIDFD: Asio made it non-blocking
    } while (got != 0 && errno == EINTR);
    return got == 0;
  }
  bool signalled() const noexcept { return info_.si_code != CLD_EXITED; }
  int status() const noexcept { return info_.si_status; }

  /// Reads to the end of a stream, or until cancelled; `take` answers whether it wants more.
  static awaitable<void> read([[maybe_unused]] std::shared_ptr<child> self, asio::posix::stream_descriptor& from,
                              std::function<bool(std::string_view)> take) {
    std::array<char, 16384> buffer;
    for (;;) {
      boost::system::error_code ec;
      const std::size_t n =
          co_await from.async_read_some(asio::buffer(buffer), asio::redirect_error(asio::use_awaitable, ec));
      if (ec) co_return;
      if (!take(std::string_view(buffer.data(), n))) co_return;
    }
  }
  /// What is there already, to the size of the largest pipe.
  static void read_rest(asio::posix::stream_descriptor& from, const std::function<bool(std::string_view)>& take) {
    std::array<char, 16384> buffer;
    boost::system::error_code ec;
    from.non_blocking(true, ec);
    for (int pieces = 64; pieces > 0 && !ec; --pieces) {
      const std::size_t n = from.read_some(asio::buffer(buffer), ec);
      if (!ec && !take(std::string_view(buffer.data(), n))) return;
    }
  }
  asio::posix::stream_descriptor out_, err_;

 private:
  pid_t pid_;
  asio::posix::stream_descriptor exited_;  // a pidfd
  siginfo_t info_{};
  bool reaped_ = false;
};

result<std::shared_ptr<child>> child::start(const any_io_executor& executor, const child_command& command) {
  const auto cannot = [&](int code) {
    return fail(errc::command_failed, concat("cannot start ", quote(command.argv[0]), ": ", os_message(code)));
  };
  std::error_code ec;
  const fs::path cwd = fs::absolute(command.cwd.empty() ? fs::path(".") : command.cwd, ec);
  const auto program = find_program(command.argv[0], cwd, command.env);
  if (!program) return program.error();

  const unique_fd in = make_input(command.input);
  if (!in) return cannot(errno);
  pipe_ends out = make_pipe();
  if (!out) return cannot(errno);
  pipe_ends err = make_pipe();
  if (!err) return cannot(errno);

  const bool limited = command.limits.any();
  const fs::path executable = limited ? fs::path("/bin/sh") : *program;
  std::vector<char*> argv, envp;
  std::vector<std::string> words = command_line(command, *program), lines;
  for (const auto& [name, value] : command.env) lines.push_back(concat(name, "=", value));
  for (auto& w : words) argv.push_back(w.data());
  for (auto& l : lines) envp.push_back(l.data());
  argv.push_back(nullptr);
  envp.push_back(nullptr);

  pid_t pid = -1;
  const spawn_set_up set_up({in.get(), out.write.get(), err.write.get()}, cwd);
  const int failed =
      ::posix_spawn(&pid, executable.c_str(), &set_up.actions, &set_up.attributes, argv.data(), envp.data());
  if (failed == ENOENT)
    return fail(errc::command_not_found,
                concat("cannot start ", quote(executable.native(), 300),
                       limited ? ": it does not exist, and limits need it" : ": its interpreter does not exist"),
                retry_class::terminal);
  if (failed != 0) return cannot(failed);
  unique_fd pidfd(static_cast<int>(::syscall(SYS_pidfd_open, pid, 0)));
  if (!pidfd) {
    const int code = errno;
    if (code == ESRCH) return status_is_lost(command);
    ::kill(-pid, SIGKILL);
    ::waitpid(pid, nullptr, 0);
    return cannot(code);
  }
  return std::make_shared<child>(executor, pid, std::move(pidfd), std::move(out.read), std::move(err.read));
}

awaitable<result<bool>> until_ended(std::shared_ptr<child> c) {
  co_await c->ended();
  co_return true;
}

awaitable<result<bool>> until_joined(scope& s) {
  co_await s.join();
  co_return true;
}

// After a cancellation: nothing here can be cancelled.
awaitable<void> terminate(std::shared_ptr<child> c, scope& readers, std::optional<time_hold>& hold, duration grace) {
  const any_io_executor executor = co_await asio::this_coro::executor;
  c->signal_group(SIGTERM);
  hold.reset();
  const auto ended = co_await timeout<bool>(grace, "ending", [c] { return until_ended(c); });
  hold.emplace(executor);
  c->signal_group(SIGKILL);
  if (!ended) co_await c->ended();
  readers.cancel();
  co_await readers.join();
  c->reap();
}

}  // namespace

environment current_environment() {
  environment env;
  for (char** e = environ; e && *e; ++e) {
    const std::string_view line = *e;
    const auto equals = line.find('=');
    if (equals != std::string_view::npos && equals > 0)
      env.emplace(std::string(line.substr(0, equals)), std::string(line.substr(equals + 1)));
  }
  return env;
}

// A missing folder and a missing program give the same error code afterwards, so both are looked for before.
result<fs::path> find_program(const std::string& name, const fs::path& cwd, const environment& env) {
  std::error_code ec;
  if (!fs::is_directory(cwd, ec))
    return fail(errc::file_error, concat("the working folder ", quote(cwd.native(), 300), " does not exist"),
                retry_class::terminal);
  if (name.find('/') != std::string::npos) {
    const fs::path path = cwd / name;
    if (is_program(path)) return path;
    return fail(errc::command_not_found,
                concat("the program ", quote(path.native(), 300),
                       fs::exists(path, ec) ? " is not executable" : " does not exist"),
                retry_class::terminal);
  }
  const auto path = env.find("PATH");
  std::string_view rest = path == env.end() ? "/usr/local/bin:/usr/bin:/bin" : std::string_view(path->second);
  while (!name.empty() && !rest.empty()) {
    const auto colon = std::min(rest.find(':'), rest.size());
    const fs::path candidate = cwd / rest.substr(0, colon) / name;
    if (is_program(candidate)) return candidate;
    rest.remove_prefix(std::min(colon + 1, rest.size()));
  }
  return fail(errc::command_not_found, concat("no program ", quote(name), " in PATH"), retry_class::terminal);
}

awaitable<result<child_outcome>> run_child(child_command command) {
  const any_io_executor executor = co_await asio::this_coro::executor;
  const auto cancellation = co_await asio::this_coro::cancellation_state;
  if (cancellation.cancelled() != asio::cancellation_type::none)
    throw boost::system::system_error(asio::error::operation_aborted);

  const auto started = child::start(executor, command);
  if (!started) co_return started.error();
  const std::shared_ptr<child> c = *started;
  std::optional<time_hold> hold(executor);

  const auto output = std::make_shared<std::string>();
  const auto overflow = std::make_shared<bool>(false);
  const auto take_output = [c, output, overflow, most = command.max_output_bytes](std::string_view piece) {
    *overflow = piece.size() > most - output->size();
    if (*overflow) {
      c->signal_group(SIGKILL);
    } else {
      *output += piece;
    }
    return !*overflow;
  };
  const auto take_stderr = [on_stderr = command.on_stderr](std::string_view piece) {
    if (on_stderr) on_stderr(piece);
    return true;
  };
  scope readers(executor);
  readers.spawn([c, take_output] { return child::read(c, c->out_, take_output); });
  readers.spawn([c, take_stderr] { return child::read(c, c->err_, take_stderr); });

  std::exception_ptr stopped;
  try {
    co_await c->ended();
    c->signal_group(SIGKILL);  // what it left behind may hold the pipes
    const auto read = co_await timeout<bool>(command.kill_grace, "reading", [&readers] { return until_joined(readers); });
    if (read.has_error() && !*overflow) {  // somebody holds the pipes; what the program wrote is in them
      child::read_rest(c->out_, take_output);
      child::read_rest(c->err_, take_stderr);
    }
  } catch (...) {
    stopped = std::current_exception();
  }
  if (stopped) {
    co_await asio::this_coro::reset_cancellation_state(asio::disable_cancellation());
    co_await terminate(c, readers, hold, command.kill_grace);
    std::rethrow_exception(stopped);
  }
  if (!c->reap()) co_return status_is_lost(command);
  if (*overflow)
    co_return fail(errc::too_large,
                   concat(quote(command.argv[0]), " wrote more than ", command.max_output_bytes, " bytes to stdout"),
                   retry_class::terminal);
  co_return child_outcome{c->signalled(), c->status(), std::move(*output)};
}

}  // namespace corchestra::detail
