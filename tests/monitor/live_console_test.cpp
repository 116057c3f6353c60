#include <corchestra/monitor/console.hpp>

#include <catch2/catch_test_macros.hpp>

#include "monitor/scripted_run.hpp"
#include "monitor/terminal.hpp"

using namespace corchestra;
using namespace corchestra::tests;

namespace {

struct live_console {
  terminal screen;
  std::size_t writes = 0;
  std::unique_ptr<console> c;
  scripted_run run;

  live_console(unsigned width, unsigned height, std::uint32_t slots, bool ascii = false)
      : screen(width, height), run(options(slots), [this](const event& e) { (*c)(e); }) {
    console_options co;
    co.live = co.color = true;
    co.ascii = ascii;
    co.width = width;
    co.height = height;
    co.write = [this](std::string_view s) {
      ++writes;
      screen.write(s);
    };
    c = std::make_unique<console>(co);
  }

  /// Ten ticks a second between one moment of the run and the next.
  void finish_run() {
    time_point last = run.now();
    run.on_moment = [&](time_point now) {
      for (; last < now; last += std::chrono::milliseconds(100)) c->tick(last);
    };
    while (!run.machine().finished()) run.next_moment();
    c->finish(run.metrics(), run.machine().state(), "out");
  }

  bool proper() const { return !screen.wrapped && !screen.over_top && !screen.unknown; }
};

}  // namespace

TEST_CASE("no line of the live console wraps, and at the end the screen has no bars") {
  for (const unsigned width : {20u, 41u, 60u, 100u, 200u}) {
    for (const unsigned height : {3u, 8u, 30u}) {
      CAPTURE(width, height);
      live_console l(width, height, 6);
      std::vector<task_call> calls;
      for (int i = 0; i < 25; ++i) {
        calls.push_back(
            call(concat(i % 3 == 0 ? "日本語の長いタスク名前" : "a task with quite a long name, number ", i)));
        if (i == 7) l.run.steps[calls.back().id] = {{1.3, fail(errc::server_error, std::string(300, 'x') + " end")}};
        if (i == 8) l.run.steps[calls.back().id] = {{2.5, {}, 1000, 100}};
      }
      l.run.begin(std::move(calls));
      l.run.machine().progress(0, 1, 0.4, "reading \x1b[31m日本語日本語日本語 and\nmuch more that does not fit",
                               at(0.1));
      l.c->tick(at(0.2));
      l.finish_run();
      CHECK(l.proper());
      CHECK_FALSE(l.screen.colored);
      CHECK(l.screen.column() == 0);
      CHECK_FALSE(l.screen.shows("█"));
      CHECK_FALSE(l.screen.shows("ETA"));
      CHECK(l.screen.lines().back() == "   Files: out");
    }
  }
}

TEST_CASE("the live screen shows bars, the whole and the totals under the lines that stay") {
  live_console l(80, 24, 2);
  l.run.steps["a"] = {{4, {}, 900, 300}};
  l.run.steps["b"] = {{10}};
  l.run.begin({call("a"), call("b"), call("c"), call("d")});
  l.run.machine().progress(0, 1, 0.5, "reading", at(1));
  l.c->tick(at(2));
  CHECK(l.screen.lines() == std::vector<std::string>{
                                "⚡ Starting parallel execution of 4 agents: [a, b, c, d]",
                                "a        ████████░░░░░░░░  50 %    2.0s  reading",
                                "b        ░░░░░░███░░░░░░░          2.0s  agent",
                                "████░░░░░░░░░░░░░░░░░░░░░░░░░░░░░░░░░░░ 0/4 tasks in 2.0s",
                                "0 done · 2 running · 2 waiting · ETA unknown",
                            });
  l.run.next_moment();
  l.c->tick(at(4));
  CHECK(l.screen.lines()[1] == "✓ Agent a completed (1/4) in 4.00s");
  CHECK(l.screen.lines().back() == "1 done · 2 running · 1 waiting · 15.0 tasks/min · 1,200 tokens (300/s) · ETA u…");
}

TEST_CASE("the display shows what is left, and what is enough nine times out of ten") {
  live_console l(140, 24, 2);
  std::vector<task_call> calls;
  for (int i = 0; i < 20; ++i) {
    calls.push_back(call(concat("t", i)));
    l.run.steps[calls.back().id] = {{i % 2 == 0 ? 9.0 : 11.0}};
  }
  l.run.begin(std::move(calls));
  l.run.next_moment();
  l.run.next_moment();
  l.c->tick(l.run.now());
  CHECK(l.screen.lines().back().ends_with("ETA unknown"));
  while (l.run.metrics().count(task_state::completed) < 6) l.run.next_moment();
  l.c->tick(l.run.now());
  const std::string totals = l.screen.lines().back();
  CAPTURE(totals);
  CHECK(totals.find("ETA 1 m 0") != std::string::npos);
  CHECK(totals.find(" (90 %: 1 m ") != std::string::npos);
}

TEST_CASE("ascii bars and wrapped lines stay in ascii") {
  live_console l(60, 24, 2, true);
  l.run.begin({call("a"), call("b"), call("c"), call("d with a long name to make the first line wrap")});
  l.run.machine().progress(0, 1, 0.5, "", at(1));
  l.c->tick(at(2));
  CHECK(l.screen.lines()[0] == ">> Starting parallel execution of 4 agents: [a, b, c, d");
  CHECK(l.screen.lines()[1] == "   with a long name to make the first line wrap]");
  CHECK(l.screen.lines()[2] == "a        #####.....  50 %    2.0s  agent");
}

TEST_CASE("more running tasks than rows are counted, and a tick stays short") {
  live_console l(100, 17, 2000);
  std::vector<task_call> calls;
  for (int i = 0; i < 3000; ++i) calls.push_back(call(concat("t", i)));
  l.run.begin(std::move(calls));
  l.c->tick(at(0.5));
  CHECK(l.screen.shows("… and 1,990 more"));
  CHECK(l.screen.shows("0 done · 2,000 running · 1,000 waiting"));
  CHECK(l.screen.lines().size() == 2 + 10 + 1 + 2);
  CHECK(l.writes == 1);
  CHECK(l.proper());
}

TEST_CASE("only a tick draws, and not twice in a moment") {
  live_console l(80, 24, 1);
  l.run.begin({call("a"), call("b")});
  for (int i = 1; i < 100; ++i) l.run.machine().progress(0, 1, i / 100.0, "", at(i / 100.0));
  CHECK(l.writes == 0);
  l.c->tick(at(1));
  l.c->tick(at(1.01));
  CHECK(l.writes == 1);
  l.c->tick(at(1.1));
  CHECK(l.writes == 2);
}

TEST_CASE("a console that goes away or has finished leaves no bars") {
  live_console l(80, 24, 1);
  l.run.begin({call("a")});
  l.c->tick(at(0.1));
  CHECK(l.screen.shows("0/1 tasks"));
  SECTION("destroyed") {
    l.c.reset();
    CHECK(l.screen.lines() == std::vector<std::string>{"⚡ Starting parallel execution of 1 agent: [a]"});
  }
  SECTION("ticked after its end") {
    l.c->finish(l.run.metrics(), run_state::cancelled, "");
    const auto after = l.writes;
    l.c->tick(at(9));
    CHECK(l.writes == after);
    CHECK_FALSE(l.screen.shows("0/1 tasks"));
  }
}

TEST_CASE("the analysis before the run has a moving bar") {
  live_console l(80, 24, 1);
  event e;
  e.type = event_type::analysis_started;
  e.data = {{"tasks", 3}};
  (*l.c)(e);
  l.c->tick(at(1));
  CHECK(l.screen.lines() == std::vector<std::string>{"• Analyzing the dependencies of 3 tasks",
                                                     "░░░░░░░░░░███░░░ Analyzing dependencies · 1.0s"});
}

TEST_CASE("a narrower terminal is cleared of what it has wrapped") {
  std::string text;
  console_options co;
  co.live = true;
  co.width = 80;
  co.write = [&](std::string_view s) { text = s; };
  console c(co);
  scripted_run run(options(1), [&](const event& e) { c(e); });
  run.begin({call("a")});
  c.tick(at(0.1));
  c.resize(30, 24);
  c.tick(at(0.2));
  // Three lines of 43, 49 and 55 columns are six rows of 30 columns.
  CHECK(text.starts_with("\r\x1b[6A"));
}

TEST_CASE("notes at the end of a run are wrapped like its other closing lines") {
  live_console l(20, 30, 1);
  l.run.run({call("a")});
  l.c->finish(l.run.metrics(), l.run.machine().state(), "", {"Fought over: 'service:db' (2 waits, 264 ms)"});
  CHECK(l.proper());
  const std::vector<std::string> lines = l.screen.lines();
  REQUIRE(lines.size() > 3);
  CHECK(std::vector(lines.end() - 3, lines.end()) ==
        std::vector<std::string>{"   Fought over:", "   'service:db' (2", "   waits, 264 ms)"});
}
