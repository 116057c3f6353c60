#include "questions.hpp"

#include <fcntl.h>
#include <termios.h>
#include <unistd.h>

#include <algorithm>
#include <boost/asio/buffer.hpp>
#include <boost/asio/read_until.hpp>

#include <corchestra/base/text.hpp>

namespace corchestra::program {

namespace {

constexpr std::size_t longest_line = 4096;

// A description of its own: the shell's must not become non-blocking.
int open_terminal() {
  const char* name = ::ttyname(STDIN_FILENO);
  return ::open(name ? name : "/dev/tty", O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
}

}  // namespace

struct questions::state : std::enable_shared_from_this<state> {
  state(any_io_executor executor, std::function<void(const std::string&)> s, answer a)
      : input(std::move(executor)), show(std::move(s)), tell(std::move(a)) {}

  struct question {
    std::string task, text;
  };

  void ask() {
    if (open.empty() || asked || closed) return;
    if (!input.is_open()) {
      const int fd = open_terminal();
      if (fd < 0) return give_up();
      input.assign(fd);
    }
    ::tcflush(input.native_handle(), TCIFLUSH);  // what was typed before is no answer
    if (!reading) typed.clear();
    asked = true;
    show(concat(open.front().task, ": ", open.front().text, " [y/n]"));
    if (!reading) read();
  }

  void read() {
    reading = true;
    asio::async_read_until(input, asio::dynamic_buffer(typed, longest_line), '\n',
                           [self = shared_from_this()](boost::system::error_code ec, std::size_t n) {
                             self->reading = false;
                             if (!self->closed) self->take(ec, n);
                           });
  }

  void take(boost::system::error_code ec, std::size_t n) {
    if (ec) return give_up();
    const std::string line = to_lower(trim(std::string_view(typed).substr(0, n)));
    typed.erase(0, n);
    if (!asked) return open.empty() ? void() : ask();
    const bool yes = line == "y" || line == "yes";
    if (!yes && line != "n" && line != "no") {
      show(concat(open.front().task, ": answer y (yes) or n (no)"));
      return read();
    }
    const std::string task = open.front().task;
    open.pop_front();
    asked = false;
    tell(task, yes);
    ask();
  }

  void drop(std::string_view task) {
    const auto it = std::find_if(open.begin(), open.end(), [&](const question& q) { return q.task == task; });
    if (it == open.end()) return;
    const bool was_asked = asked && it == open.begin();
    open.erase(it);
    if (!was_asked) return;
    asked = false;
    ask();
  }

  void give_up() {
    closed = true;
    show("no answer can be read from the terminal: questions wait for their time limits");
  }

  asio::posix::stream_descriptor input;
  std::function<void(const std::string&)> show;
  answer tell;
  std::deque<question> open;
  std::string typed;
  bool asked = false, reading = false, closed = false;
};

questions::questions(any_io_executor executor, std::function<void(const std::string&)> show, answer tell)
    : state_(std::make_shared<state>(std::move(executor), std::move(show), std::move(tell))) {}

questions::~questions() {
  state_->closed = true;
  boost::system::error_code ignored;
  state_->input.close(ignored);
}

bool questions::possible(int fd) { return ::isatty(STDIN_FILENO) == 1 && ::isatty(fd) == 1; }

void questions::operator()(const event& e) {
  if (e.type == event_type::approval_requested) {
    const bool said = e.data.is_object() && e.data.contains("message") && e.data["message"].is_string();
    std::string text = said ? one_line(e.data["message"].get<std::string>(), 1000) : std::string();
    state_->open.push_back({std::string(e.task_id), text.empty() ? "may it start?" : std::move(text)});
    state_->ask();
  } else if (e.type == event_type::approval_answered || e.type == event_type::task_ended) {
    state_->drop(e.task_id);
  }
}

}  // namespace corchestra::program
