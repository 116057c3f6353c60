#include "llm/child.hpp"

#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <cstdlib>

#include "harness.hpp"

namespace corchestra::bench {

namespace {

std::string path_of(const std::string& program) {
  if (program.find('/') != std::string::npos) return program;
  for (const char* folder : {"/usr/bin/", "/usr/sbin/", "/usr/local/bin/", "/bin/"})
    if (::access((folder + program).c_str(), X_OK) == 0) return folder + program;
  return {};
}

}  // namespace

void bind_to_core(int core) {
  cpu_set_t one;
  CPU_ZERO(&one);
  CPU_SET(static_cast<std::size_t>(core), &one);
  check(sched_setaffinity(0, sizeof one, &one) == 0, "cannot bind the process to its core");
}

bool installed(const std::string& program) { return !path_of(program).empty(); }

pid_t child::start(int core, const std::function<void(int out)>& body) {
  int ends[2] = {};
  check(::pipe2(ends, O_CLOEXEC) == 0, "no pipe");
  const pid_t process = ::fork();
  check(process >= 0, "no process");
  if (process == 0) {
    ::prctl(PR_SET_PDEATHSIG, SIGKILL);
    ::close(ends[0]);
    bind_to_core(core);
    body(ends[1]);
    ::_exit(0);
  }
  ::close(ends[1]);
  pipe_ = ends[0];
  return process;
}

child::child(const std::vector<std::string>& command, int core) {
  process_ = start(core, [&command](int out) {
    std::vector<char*> words;
    for (const auto& word : command) words.push_back(const_cast<char*>(word.c_str()));
    words.push_back(nullptr);
    ::dup2(out, STDOUT_FILENO);
    ::execv(path_of(command.front()).c_str(), words.data());
    ::_exit(127);
  });
}

child::child(const std::function<void(int out)>& body, int core) { process_ = start(core, body); }

child::~child() {
  ::kill(process_, SIGTERM);
  ::waitpid(process_, nullptr, 0);
  ::close(pipe_);
}

std::string child::output() const {
  std::string text;
  char buffer[4096];
  for (ssize_t n = 0; (n = ::read(pipe_, buffer, sizeof buffer)) > 0;) text.append(buffer, static_cast<std::size_t>(n));
  return text;
}

void child::read(void* into, std::size_t bytes) const {
  for (auto* at = static_cast<char*>(into); bytes > 0;) {
    pollfd readable{pipe_, POLLIN, 0};
    ::poll(&readable, 1, -1);  // somebody may have made it non-blocking
    const ssize_t n = ::read(pipe_, at, bytes);
    check(n > 0, "a child process ended early");
    at += n;
    bytes -= static_cast<std::size_t>(n);
  }
}

}  // namespace corchestra::bench
