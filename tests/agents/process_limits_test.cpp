#include <corchestra/agents/process_limits.hpp>

#include <sys/resource.h>

#include <catch2/catch_test_macros.hpp>

#include "agents/command_run.hpp"
#include "agents/limit_script.hpp"

using namespace corchestra;
using namespace std::chrono_literals;
using tests::command_run;
using tests::task;

namespace {

json with_limits(std::string script, process_limits limits) {
  auto c = command_run::shell(std::move(script));
  c.options.limits = limits;
  const auto r = c.run_one();
  INFO((r.error ? r.error->message : ""));
  REQUIRE(r.success());
  return r.output.value;
}

/// Lowers a limit of this process for its lifetime.
class lowered {
 public:
  lowered(__rlimit_resource resource, rlim_t soft) : resource_(resource) {
    ::getrlimit(resource_, &before_);
    const rlimit now{soft, before_.rlim_max};
    ::setrlimit(resource_, &now);
  }
  ~lowered() { ::setrlimit(resource_, &before_); }

 private:
  __rlimit_resource resource_;
  rlimit before_{};
};

}  // namespace

TEST_CASE("[X10][C64] a command runs under its own limits, this process under none of them") {
  process_limits limits;
  limits.memory_bytes = 64u << 20;
  limits.cpu_time = 1500ms;
  limits.open_files = 17;
  rlimit before{}, after{};
  ::getrlimit(RLIMIT_NOFILE, &before);
  CHECK(with_limits("ulimit -S -d; ulimit -H -d; ulimit -S -t; ulimit -H -t; ulimit -S -n; ulimit -H -n", limits) ==
        "65536\n65536\n2\n3\n17\n17");
  ::getrlimit(RLIMIT_NOFILE, &after);
  CHECK(before.rlim_cur == after.rlim_cur);
  CHECK(before.rlim_max == after.rlim_max);
}

TEST_CASE("input, output, arguments, folder and process group are the same with limits") {
  auto c = command_run({"sh", "-c", "cat; printf '%s|' \"$0\" \"$@\" >&2; pwd >&2; exit 3", "zero", "a b", "", "$(c)"});
  tests::temp_dir folder;
  c.options.cwd = folder.path();
  c.options.limits.open_files = 64;
  const auto r = c.run_one();
  REQUIRE(r.error);
  CHECK(r.error->message == "'sh' ended with exit code 3: zero|a b||$(c)|" + folder.path().string());

  auto echo = command_run({"cat"});
  echo.options.limits.open_files = 64;
  CHECK(echo.run_one().output.value["id"] == "t");

  auto unknown = command_run({"no-such-program"});
  unknown.options.limits.open_files = 64;
  CHECK(unknown.run_one().error->is(errc::command_not_found));
}

TEST_CASE("[A48][D15] a command that crashes fails its own task only") {
  auto c = command_run::shell("read -r line; case $line in *crashing*) kill -SEGV $$;; esac; echo fine");
  const auto r = c.run({task("crashing"), task("good"), task("also_good")});
  REQUIRE(r.find("crashing")->error);
  CHECK(r.find("crashing")->error->message == "'sh' was killed by signal 11 (SIGSEGV)");
  CHECK(r.find("good")->output.value == "fine");
  CHECK(r.find("also_good")->output.value == "fine");
}

TEST_CASE("a command that uses up its processor time fails and says so") {
  auto c = command_run::shell("while :; do :; done");
  c.options.limits.cpu_time = 1s;
  const auto r = c.run_one();
  REQUIRE(r.error);
  CHECK(r.error->is(errc::command_failed));
  CHECK(r.error->message == "'sh' used up its processor time of 1.00 s");
}

TEST_CASE("[A8][A22] a command does not get more memory than its limit") {
  // dd allocates its block size at once.
  const std::string script = "dd if=/dev/zero of=/dev/null bs=100M count=1 2>/dev/null && echo enough || echo refused";
  process_limits limits;
  limits.memory_bytes = 50'000'000;
  CHECK(with_limits(script, limits) == "refused");
  limits.memory_bytes = 400'000'000;
  CHECK(with_limits(script, limits) == "enough");
}

TEST_CASE("limits above what this process may have are cut to that") {
  rlimit own{};
  ::getrlimit(RLIMIT_NOFILE, &own);
  REQUIRE(own.rlim_max != RLIM_INFINITY);
  process_limits limits;
  limits.open_files = 4'000'000'000;
  CHECK(with_limits("ulimit -n", limits) == json(own.rlim_max));
  const lowered soft(RLIMIT_NOFILE, 256);
  limits.open_files = 300;
  CHECK(with_limits("ulimit -S -n", limits) == 300);
}

TEST_CASE("limits with which no program starts are refused") {
  const auto refused = [](process_limits limits) {
    command_agent_options o;
    o.argv = {"true"};
    o.limits = limits;
    const auto made = make_command_agent(std::move(o));
    return made.has_error() ? made.error().message : "none";
  };
  process_limits memory, cpu, files;
  memory.memory_bytes = 1023;
  cpu.cpu_time = 0s;
  files.open_files = 3;
  CHECK(refused(memory) == "limits.memory_bytes: expected at least 1024");
  CHECK(refused(cpu) == "limits.cpu_time: expected at least 1 ns");
  CHECK(refused(files) == "limits.open_files: expected at least 4");
  CHECK(refused({}) == "none");
}
