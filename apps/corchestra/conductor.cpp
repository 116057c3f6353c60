#include "conductor.hpp"

#include <unistd.h>
#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/post.hpp>

#include <corchestra/async/time_service.hpp>
#include <corchestra/base/text.hpp>

#include "closing_notes.hpp"
#include "explainer.hpp"
#include "interrupts.hpp"
#include "pauses.hpp"
#include "questions.hpp"

namespace corchestra::program {

namespace {

constexpr duration tick_interval = std::chrono::milliseconds(100);

/// Calls the console ten times a second.
class ticker {
 public:
  ticker(const any_io_executor& executor, console& screen, int fd)
      : time_(time_service::of(executor)), timer_(time_.make_timer(executor)), screen_(screen), fd_(fd) {
    arm();
  }
  ~ticker() { timer_->cancel(); }

 private:
  void arm() {
    timer_->async_wait_until(time_.now() + tick_interval, [this](boost::system::error_code ec) {
      if (ec) return;
      if (const terminal t = look_at(fd_, true); t.interactive) screen_.resize(t.width, t.height);
      screen_.tick(time_.now());
      arm();
    });
  }

  time_service& time_;
  std::unique_ptr<timer> timer_;
  console& screen_;
  int fd_;
};

console_options run_console_for(const display_options& d, const session_options& about) {
  console_options o;
  o.write = [fd = d.fd](std::string_view bytes) { write_to(fd, bytes); };
  o.live = d.terminal.interactive && !d.quiet;
  o.color = d.terminal.color;
  o.ascii = d.ascii;
  o.quiet = d.quiet;
  o.width = d.terminal.width;
  o.height = d.terminal.height;
  o.simulated = about.simulated;
  o.style = d.style;
  o.durations = about.plan.plan.options.durations;
  return o;
}

// A line of the program's own, in its place among the console's.
void show_line(console& screen, time_point now, const std::string& text) {
  event e;
  e.type = event_type::warning;
  e.at = now;
  e.data = json{{"message", text}};
  screen(e);
}

// Log lines between bars would leave pieces of them behind: they are shown as the console's own.
logger through(const std::shared_ptr<console>& screen, boost::asio::io_context& context, const logger& log) {
  return logger(log_level::trace, [weak = std::weak_ptr(screen), &context, log](
                                      log_level level, std::string_view source, std::string_view message) {
    if (!log.enabled(level)) return;
    asio::post(context, [weak, &context, text = concat(to_string(level), ": ", source, ": ", message)] {
      const auto shown = weak.lock();
      if (shown) show_line(*shown, time_service::of(context.get_executor()).now(), text);
    });
  });
}

}  // namespace

result<session_result> conduct(boost::asio::io_context& context, session_options options,
                               const display_options& display) {
  const any_io_executor executor = context.get_executor();
  const auto screen = std::make_shared<console>(run_console_for(display, options));
  const bool live = display.terminal.interactive && !display.quiet;
  if (live && ::isatty(STDERR_FILENO) == 1) options.logger = through(screen, context, options.logger);
  std::optional<run> started;
  asio::cancellation_signal stop;
  std::optional<result<session_result>> outcome;
  std::exception_ptr failure;

  const auto say = [screen, &display, &time = time_service::of(executor)](const std::string& text) {
    if (display.quiet) return write_to(display.fd, concat(text, "\n")), void();
    show_line(*screen, time.now(), text);
  };
  // Posted: an event must not be told while the console is being told another.
  const auto say_later = [say, executor](const std::string& text) { asio::post(executor, [say, text] { say(text); }); };
  std::optional<questions> person;
  if (display.asks) {
    person.emplace(executor, say_later, [&started](const std::string& task, bool approved) {
      if (started) started->request_answer(task, approved);
    });
  }
  explainer waits(executor, display.explain_after, say_later);
  pauses pausing(executor, say_later);
  options.on_event = [&, screen](const event& e) {
    (*screen)(e);
    waits(e);
    pausing(e);
    if (person) (*person)(e);
  };
  options.on_started = [&started, &waits, &pausing](run r) {
    waits.watch(r);
    pausing.watch(r);
    started = std::move(r);
  };
  asio::co_spawn(executor, run_session(std::move(options)),
                 asio::bind_cancellation_slot(stop.slot(), [&](std::exception_ptr e, result<session_result> r) {
                   failure = e;
                   outcome.emplace(std::move(r));
                 }));
  const interrupts on_interrupt(executor, [&](int times) {
    if (!started) {
      stop.emit(asio::cancellation_type::terminal);
    } else if (times == 1) {
      started->request_drain();
    } else {
      started->request_cancel("interrupted twice");
    }
  });
  std::optional<ticker> ticks(std::in_place, executor, *screen, display.fd);
  while (!outcome && context.run_one() > 0) {
  }
  ticks.reset();
  if (failure) return error_from_exception(failure);
  if (!outcome) return fail(errc::internal, "nothing is left to do and the run has not ended");
  if (outcome->has_value()) {
    const session_result& r = **outcome;
    screen->finish(r.run.metrics, r.run.state, r.output_folder.string(), closing_notes(r));
  }
  return std::move(*outcome);
}

}  // namespace corchestra::program
