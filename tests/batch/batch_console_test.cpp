#include <corchestra/batch/batch_console.hpp>

#include "monitor/terminal.hpp"

using namespace corchestra;
using namespace corchestra::batch;
using corchestra::tests::terminal;
using namespace std::chrono_literals;

namespace {

batch_progress progress_at(duration at, std::uint64_t done) {
  batch_progress p;
  p.requests = p.wanted = 1000;
  p.done = p.ended = done;
  p.in_flight = 4;
  p.at = time_point(at);
  p.elapsed = at;
  p.requests_a_minute = 600;
  p.left = 30s;
  return p;
}

batch_result result_of(const batch_progress& p) {
  batch_result r;
  r.progress = p;
  r.output = "out.jsonl";
  return r;
}

struct plain_console {
  std::string text;
  batch_console console;
  explicit plain_console(bool quiet = false)
      : console({.write = [this](std::string_view s) { text += s; }, .quiet = quiet}) {}
};

}  // namespace

TEST_CASE("without a terminal there is a line now and then, and the report") {
  plain_console c;
  c.console(progress_at(0s, 0));
  CHECK(c.text.empty());
  c.console(progress_at(1s, 10));
  c.console(progress_at(2s, 20));
  c.console(progress_at(12s, 120));
  CHECK(c.text ==
        "10 of 1,000: 10 done, 4 in flight, 600 requests/min, 0 tokens/min, ETA 30 s\n"
        "120 of 1,000: 120 done, 4 in flight, 600 requests/min, 0 tokens/min, ETA 30 s\n");
  c.text.clear();
  c.console.say("a line\x1b[31m of another's");
  CHECK(c.text.find('\x1b') == std::string::npos);
  CHECK(c.text.starts_with("a line"));
  c.text.clear();
  c.console.finish(result_of(progress_at(20s, 1000)));
  CHECK(c.text.starts_with("Batch ended: 1,000 done, 0 failed in "));
  CHECK(c.text.ends_with("   Answers:   out.jsonl\n"));
}

TEST_CASE("a quiet console shows the report only") {
  plain_console c(true);
  c.console(progress_at(1s, 10));
  CHECK(c.text.empty());
  c.console.finish(result_of(progress_at(20s, 1000)));
  CHECK(c.text.starts_with("Batch ended"));
}

TEST_CASE("on a terminal four lines are drawn over again, none wraps, and the report takes their place") {
  for (const unsigned width : {20u, 40u, 100u, 200u}) {
    for (const bool ascii : {false, true}) {
      CAPTURE(width, ascii);
      terminal screen(width, 30);
      batch_console c({.write = [&](std::string_view s) { screen.write(s); },
                       .live = true,
                       .color = true,
                       .ascii = ascii,
                       .width = width});
      for (int i = 0; i <= 10; ++i) {
        batch_progress p = progress_at(std::chrono::seconds(i), static_cast<std::uint64_t>(i) * 100);
        if (i > 5) {
          p.failed = 3;
          p.failures = {{"rate_limited", 2}, {"timeout", 1}};
          p.limiter.emplace();
        }
        if (i == 4) c.say("Interrupted");
        c(p);
      }
      CHECK_FALSE(screen.wrapped);
      CHECK_FALSE(screen.over_top);
      CHECK_FALSE(screen.unknown);
    }
  }
}

TEST_CASE("the live lines are gone when the console is") {
  terminal screen(100, 10);
  std::string all;
  {
    batch_console c({.write = [&](std::string_view s) { screen.write(s), all += s; }, .live = true, .width = 100});
    c(progress_at(1s, 500));
    CHECK(all.find("500/1,000  50 %") != std::string::npos);
  }
  for (const std::string& line : screen.lines()) CHECK(line.find("done") == std::string::npos);
}
