#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <catch2/catch_test_macros.hpp>
#include <cerrno>
#include <csignal>
#include <fstream>

#include <fcntl.h>
#include <poll.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <corchestra/async/scope.hpp>

#include "agents/child_process.hpp"
#include "agents/command_run.hpp"
#include "support/open_files.hpp"

using namespace corchestra;
using namespace std::chrono_literals;
using tests::command_run;
using tests::task;

namespace {

bool no_child_is_left() { return ::waitpid(-1, nullptr, WNOHANG) == -1 && errno == ECHILD; }

pid_t pid_in(const tests::temp_dir& folder, std::string_view name) {
  const std::string text = folder.read(name);
  return text.empty() ? 0 : static_cast<pid_t>(std::stoi(text));
}

bool is_running(pid_t pid) {
  std::ifstream stat("/proc/" + std::to_string(pid) + "/stat");
  std::string text;
  std::getline(stat, text);
  const auto close = text.rfind(')');
  return close != std::string::npos && text.at(close + 2) != 'Z';
}

// A group is killed by one call, but each member dies in its own time. The limit only ends a test that fails.
bool has_ended(pid_t pid) {
  const int fd = static_cast<int>(::syscall(SYS_pidfd_open, pid, 0));
  if (fd < 0) return errno == ESRCH;
  pollfd readable = {fd, POLLIN, 0};
  const bool ended = ::poll(&readable, 1, 30'000) == 1;
  ::close(fd);
  return ended;
}

detail::child_command shell(std::string script) {
  detail::child_command c;
  c.argv = {"sh", "-c", std::move(script)};
  c.env = detail::current_environment();
  return c;
}

result<detail::child_outcome> outcome_of(detail::child_command c) {
  asio::io_context context;
  return tests::run(context, detail::run_child(std::move(c)));
}

}  // namespace

TEST_CASE("a megabyte goes in while a megabyte comes out") {
  auto c = shell("cat; cat /dev/null >&2");
  for (int i = 0; c.input.size() < (1u << 20); ++i) c.input += std::to_string(i) + "\n";
  const std::string input = c.input;
  const auto r = outcome_of(std::move(c));
  REQUIRE(r);
  CHECK(r->status == 0);
  CHECK(r->output == input);
  CHECK(no_child_is_left());
}

TEST_CASE("a program need not read its stdin, and may open it by name") {
  auto unread = shell("exec <&-; echo done");
  unread.input.assign(1 << 20, 'x');
  CHECK(outcome_of(std::move(unread))->output == "done\n");
  auto named = shell("cat /dev/stdin");
  named.input = "by name";
  CHECK(outcome_of(std::move(named))->output == "by name");
  CHECK(outcome_of(shell("cat"))->output.empty());
}

TEST_CASE("output above its limit kills the program") {
  auto c = shell("yes");
  c.max_output_bytes = 100'000;
  const auto r = outcome_of(std::move(c));
  REQUIRE(r.has_error());
  CHECK(r.error().is(errc::too_large));
  CHECK(r.error().message == "'sh' wrote more than 100000 bytes to stdout");
  CHECK(no_child_is_left());

  auto exact = shell("printf 12345");
  exact.max_output_bytes = 5;
  CHECK(outcome_of(std::move(exact))->output == "12345");
}

TEST_CASE("what a program leaves behind in its group ends with it") {
  tests::temp_dir folder;
  const auto pid_file = folder.file("pid");
  const auto r = outcome_of(shell("sleep 1000 & echo $! > " + pid_file + "; echo done"));
  REQUIRE(r);
  CHECK(r->output == "done\n");
  CHECK(pid_in(folder, "pid") > 0);
  CHECK(has_ended(pid_in(folder, "pid")));
  CHECK(no_child_is_left());
}

TEST_CASE("what a program wrote before its end is read however short the grace is") {
  for (int i = 0; i < 20; ++i) {
    auto c = shell("head -c 60000 /dev/zero; head -c 60000 /dev/zero >&2");
    c.kill_grace = duration(1);
    std::size_t errors = 0;
    c.on_stderr = [&errors](std::string_view piece) { errors += piece.size(); };
    const auto r = outcome_of(std::move(c));
    REQUIRE(r);
    CHECK(r->output.size() == 60'000);
    CHECK(errors == 60'000);
  }
}

TEST_CASE("a process that left the group and holds the pipe is not waited for longer than the grace") {
  tests::temp_dir folder;
  auto c = shell("setsid sh -c 'echo $$ > " + folder.file("pid") + "; exec sleep 1000' & while ! [ -s " +
                 folder.file("pid") + " ]; do :; done; echo done");
  c.kill_grace = 20ms;
  const auto r = outcome_of(std::move(c));
  REQUIRE(r);
  CHECK(r->output == "done\n");
  const pid_t pid = pid_in(folder, "pid");
  REQUIRE(is_running(pid));
  ::kill(pid, SIGKILL);
}

TEST_CASE("children start with clean signals, no foreign files and a session of their own") {
  const auto before = ::signal(SIGTERM, SIG_IGN);
  sigset_t blocked, old;
  sigemptyset(&blocked);
  sigaddset(&blocked, SIGUSR1);
  ::pthread_sigmask(SIG_BLOCK, &blocked, &old);
  const int leaky = ::open("/dev/null", O_RDONLY);  // without CLOEXEC
  const auto r = outcome_of(
      shell("sed -n 's/^Sig\\(Blk\\|Ign\\):.*\\(.\\{7\\}\\)$/\\2/p' /proc/self/status; ls /proc/self/fd | wc -l; "
            "set -- $(cat /proc/$$/stat); [ $1 = $5 ] && [ $1 = $6 ] && echo leader"));
  ::close(leaky);
  ::pthread_sigmask(SIG_SETMASK, &old, nullptr);
  ::signal(SIGTERM, before);
  REQUIRE(r);
  // The lower 28 signals; ls itself holds the folder: 0, 1, 2 and that one.
  CHECK(r->output == "0000000\n0000000\n4\nleader\n");
}

TEST_CASE("no file descriptor and no zombie is left after many children, failed starts included") {
  asio::io_context context;
  const auto once = [&](std::string script) {
    return tests::run(context, detail::run_child(shell(std::move(script))));
  };
  REQUIRE(once("true"));
  const auto before = tests::open_files();
  for (int i = 0; i < 20; ++i) {
    CHECK(once("exit 1")->status == 1);
    auto missing = shell("");
    missing.argv = {"no-such-program"};
    CHECK(tests::run(context, detail::run_child(missing)).has_error());
  }
  CHECK(tests::open_files() == before);
  CHECK(no_child_is_left());
}

namespace {

// A family that ignores SIGTERM, says so as progress once it is complete, and leaves its ids in `folder`.
command_run stubborn_family(const tests::temp_dir& folder) {
  return command_run::shell("trap '' TERM; (trap '' TERM; sh -c 'echo $PPID' > " + folder.file("child") +
                                "; sleep 1000 & echo $! > " + folder.file("grandchild") +
                                "; echo CORCHESTRA_PROGRESS 0.5 >&2; wait) & wait; sleep 1000",
                            20ms);
}

void check_that_none_is_left(const tests::temp_dir& folder) {
  for (const auto* name : {"child", "grandchild"}) {
    const pid_t pid = pid_in(folder, name);
    if (pid > 0) CHECK(has_ended(pid));
  }
  CHECK(no_child_is_left());
}

}  // namespace

TEST_CASE("cancelling ends the whole group, grandchildren too, when it ignores SIGTERM [L9]") {
  tests::temp_dir folder;
  auto c = stubborn_family(folder);
  auto run = c.start({task("t")});
  c.run_until_progress();
  REQUIRE(is_running(pid_in(folder, "grandchild")));
  REQUIRE(is_running(pid_in(folder, "child")));
  run.request_cancel("enough");
  CHECK(tests::run(c.context, run.wait()).results[0].state == task_state::cancelled);
  check_that_none_is_left(folder);
}

TEST_CASE("a time limit ends the whole group [A10]") {
  tests::temp_dir folder;
  auto c = stubborn_family(folder);
  auto t = task("t");
  t.limits.start_to_close = 300ms;
  CHECK(c.run_one(t).state == task_state::timeout);
  check_that_none_is_left(folder);
}

TEST_CASE("cancelling sends SIGTERM first, and what the program does then counts for nothing [L9]") {
  tests::temp_dir folder;
  auto c = command_run::shell("trap 'echo bye > " + folder.file("last") +
                              "; exit 0' TERM; echo CORCHESTRA_PROGRESS 0.5 >&2; while :; do sleep 0.01; done");
  c.options.kill_grace = 60s;
  auto run = c.start({task("t")});
  c.run_until_progress();
  CHECK(tests::run(c.context, run.cancel_task("t", "enough")) == 1);
  const auto r = tests::run(c.context, run.wait());
  CHECK(r.results[0].state == task_state::cancelled);
  CHECK(folder.read("last") == "bye\n");
  CHECK(no_child_is_left());
}

TEST_CASE("a child that is cancelled before it is started is never started [L8]") {
  tests::temp_dir folder;
  asio::io_context context;
  const auto work = [&]() -> awaitable<bool> {
    const auto executor = co_await asio::this_coro::executor;
    scope s(executor);
    bool begun = false;
    s.spawn([&]() -> awaitable<void> {
      begun = true;
      s.cancel();
      co_await asio::this_coro::throw_if_cancelled(false);
      co_await asio::post(asio::use_awaitable);  // the cancellation arrives here
      co_await detail::run_child(shell("touch " + folder.file("started")));
    });
    co_await s.join();
    co_return begun;
  };
  CHECK(tests::run(context, work()));
  CHECK_FALSE(std::filesystem::exists(folder.path() / "started"));
  CHECK(no_child_is_left());
}

TEST_CASE("a context that goes away takes its children with it [L28]") {
  tests::temp_dir folder;
  pid_t pid = 0;
  {
    auto c = command_run::shell("echo $$ > " + folder.file("pid") + "; echo CORCHESTRA_PROGRESS 0.5 >&2; sleep 1000");
    auto run = c.start({task("t")});
    c.run_until_progress();
    pid = pid_in(folder, "pid");
    REQUIRE(is_running(pid));
  }
  CHECK(has_ended(pid));
  CHECK(no_child_is_left());
}

TEST_CASE("virtual time stands still while a child runs, and a stubborn one is killed without waiting") {
  tests::temp_dir folder;
  testing::virtual_time_context time;
  auto quick = shell("sleep 0.05; echo done");
  CHECK(time.run(detail::run_child(quick))->output == "done\n");
  CHECK(time.now() == time_point{});

  const auto stubborn = [&]() -> awaitable<void> {
    const auto executor = co_await asio::this_coro::executor;
    scope s(executor);
    const auto c =
        std::make_shared<detail::child_command>(shell("trap '' TERM; echo up >&2; while :; do sleep 0.01; done"));
    c->kill_grace = 10s;
    c->on_stderr = [&s](std::string_view) { s.cancel(); };
    s.spawn([c]() -> awaitable<void> { co_await detail::run_child(*c); });
    co_await s.join();
  };
  time.run(stubborn());
  CHECK(time.now() == time_point(10s));
  CHECK(no_child_is_left());
}
