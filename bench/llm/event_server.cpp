#include "llm/event_server.hpp"

#include <arpa/inet.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include <ctime>
#include <string_view>

#include "harness.hpp"

namespace corchestra::bench {

namespace {

class loop {
 public:
  loop(int listener, int out, const event_server::script& what)
      : listener_(listener), out_(out), script_(what), poll_(::epoll_create1(0)) {
    watch(listener_);
  }

  void run() {
    for (;;) {
      epoll_event events[256];
      const int n = ::epoll_wait(poll_, events, 256, -1);
      for (int i = 0; i < n; ++i) {
        if (events[i].data.fd == listener_)
          accept();
        else
          read(events[i].data.fd);
      }
    }
  }

 private:
  void watch(int fd) {
    epoll_event e{};
    e.events = EPOLLIN;
    e.data.fd = fd;
    ::epoll_ctl(poll_, EPOLL_CTL_ADD, fd, &e);
  }

  void accept() {
    for (int fd = 0; (fd = ::accept4(listener_, nullptr, nullptr, SOCK_NONBLOCK)) >= 0;) {
      const int on = 1;
      ::setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
      watch(fd);
    }
  }

  void read(int fd) {
    char buffer[16'384];
    const ssize_t n = ::read(fd, buffer, sizeof buffer);
    if (n <= 0) return closed(fd);
    // The head and its body come in one piece or two; the head's end is in one of them, once.
    if (std::string_view(buffer, static_cast<std::size_t>(n)).find("\r\n\r\n") == std::string_view::npos) return;
    asked_.push_back(fd);
    if (asked_.size() < script_.connections) return;
    say(monotonic_now());
    for (const auto& piece : script_.pieces) {
      for (const int to : asked_)
        check(::write(to, piece.data(), piece.size()) == static_cast<ssize_t>(piece.size()), "a full socket");
      if (script_.pace.count() > 0) ::usleep(static_cast<useconds_t>(script_.pace.count() * 1000));
    }
  }

  void closed(int fd) {
    ::close(fd);
    if (++closed_ < script_.connections) return;
    say(monotonic_now());
    closed_ = 0;
    asked_.clear();
  }

  void say(std::int64_t when) { check(::write(out_, &when, sizeof when) == sizeof when, "nobody listens"); }

  int listener_, out_;
  const event_server::script& script_;
  int poll_;
  std::vector<int> asked_;
  std::size_t closed_ = 0;
};

}  // namespace

event_server::event_server(const two_cores& cores, script what) {
  const int listener = ::socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof address;
  auto* as_address = reinterpret_cast<sockaddr*>(&address);
  check(::bind(listener, as_address, size) == 0 && ::listen(listener, 4096) == 0, "cannot listen");
  check(::getsockname(listener, as_address, &size) == 0, "no port");
  port_ = ntohs(address.sin_port);
  process_ = std::make_unique<child>([&](int out) { loop(listener, out, what).run(); }, cores.server);
  ::close(listener);
}

void event_server::wait_until_asked() {
  std::int64_t when = 0;
  process_->read(&when, sizeof when);
}

std::int64_t event_server::wait_until_closed() {
  std::int64_t when = 0;
  process_->read(&when, sizeof when);
  return when;
}

void need_files(std::size_t files) {
  rlimit limit{};
  check(::getrlimit(RLIMIT_NOFILE, &limit) == 0, "no limit of files");
  limit.rlim_cur = limit.rlim_max;
  ::setrlimit(RLIMIT_NOFILE, &limit);
  if (limit.rlim_cur < files) skip("too few open files are permitted (ulimit -n)");
}

std::int64_t monotonic_now() {
  timespec t{};
  ::clock_gettime(CLOCK_MONOTONIC, &t);
  return t.tv_sec * 1'000'000'000 + t.tv_nsec;
}

}  // namespace corchestra::bench
