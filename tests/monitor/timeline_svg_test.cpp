#include <corchestra/monitor/timeline_svg.hpp>

#include <catch2/catch_test_macros.hpp>

#include "monitor/scripted_run.hpp"
#include "monitor/time_axis.hpp"
#include "monitor/xml_checker.hpp"
#include "support/found_text.hpp"

using namespace corchestra;
using namespace corchestra::tests;

namespace {

timeline batch(int tasks, std::uint32_t slots) {
  scripted_run run(options(slots, "batch"), {});
  std::vector<task_call> calls;
  for (int i = 0; i < tasks; ++i) {
    calls.push_back(call(concat("task-", i)));
    run.steps[calls.back().id] = {{1.0 + i % 7}};
  }
  run.run(std::move(calls));
  return run.timeline();
}

}  // namespace

TEST_CASE("[C15] [B17] the timeline has a labelled bar a task, an axis and a legend") {
  scripted_run run(options(5, "ingestion"), {});
  run.steps = {{"kb", {{9.23}}}, {"api", {{10.14}}}, {"blog", {{8.91}}}};
  run.run({call("kb"), call("api"), call("blog")});
  const std::string svg = timeline_svg(run.timeline());
  CHECK(xml_error(svg) == "");
  CHECK(occurrences(svg, "class=\"c\"><title>") == 3);
  for (const char* text :
       {">ingestion</text>", ">3 tasks in 10.14 s, at most 3 at once · run run-1</text>", ">kb</text>", ">api</text>",
        ">9.23 s</text>", ">8 s</text>", ">10 s</text>", ">completed 3</text>"})
    CHECK(occurrences(svg, text) == 1);
  CHECK(occurrences(svg, "<title>kb (agent)\n9.23 s, from 0 ms to 9.23 s\ncompleted</title>") == 1);
  CHECK(occurrences(svg, "prefers-color-scheme:dark") == 1);
  CHECK(occurrences(svg, "http") == 1);  // the namespace: nothing is loaded from elsewhere
}

TEST_CASE("waiting, retries, failures and tasks that never started are told apart") {
  auto o = options(1);
  o.retry.max_retries = 1;
  scripted_run run(o, {});
  run.steps["a"] = {{1, fail(errc::server_error, "HTTP 503")}, {1}};
  run.steps["b"] = {{2, fail(errc::server_error, "HTTP 500", retry_class::terminal)}};
  task_call first = call("a");
  first.priority = 20;
  run.run({first, call("b"), call("c", {"b"})});
  const std::string svg = timeline_svg(run.timeline());
  CHECK(xml_error(svg) == "");
  for (const char* text :
       {">completed 1</text>", ">failed 1</text>", ">skipped 1</text>", ">failed, tried again 1</text>",
        ">waiting</text>", ">2.00 s, failed</text>", ">1.00 s, failed</text>",
        ">skipped: upstream_failed: it needs 'b', which ended FAILED</text>", "<title>b waited 1.00 s</title>",
        "<title>a waited to be tried again 2.00 s</title>"})
    CHECK(occurrences(svg, text) == 1);
}

TEST_CASE("light bars tell what was waited for, and the legend how long") {
  auto o = options(1);
  o.retry.max_retries = 1;
  scripted_run run(o, {});
  run.steps["a"] = {{1, fail(errc::server_error, "HTTP 503")}, {1}};
  run.steps["b"] = {{4}};
  task_call locked = call("c");
  locked.resources = {{"db", lock_mode::exclusive, 1}};
  run.run({call("a"), call("b"), locked, call("d", {"a"})});
  const std::string svg = timeline_svg(run.timeline(), &run.attribution());
  CHECK(xml_error(svg) == "");
  CHECK(occurrences(svg, ">waited for</text>") == 1);
  CHECK(occurrences(svg, ">waiting</text>") == 0);
  CHECK(occurrences(svg, "<title>b waited for a slot 1.00 s</title>") == 1);
  CHECK(occurrences(svg, "<title>a waited to be tried again 2.00 s</title>") == 1);
  CHECK(occurrences(svg, "<title>d waited for other tasks") == 1);
  for (const char* text : {">back-off 2.00 s</text>", ">other tasks ", ">slot "}) CHECK(occurrences(svg, text) == 1);
}

TEST_CASE("names in the picture are escaped, whatever is in them") {
  scripted_run run(options(1, "<b>&\"\x01\xFF"), {});
  run.run({call("</text><script>alert(1)</script>")});
  const std::string svg = timeline_svg(run.timeline());
  CHECK(xml_error(svg) == "");
  CHECK(occurrences(svg, "<script") == 0);
  CHECK(occurrences(svg, "&lt;b&gt;&amp;&quot; \xEF\xBF\xBD</text>") == 1);
}

TEST_CASE("an empty run and one of no length are pictures too") {
  CHECK(xml_error(timeline_svg({})) == "");
  CHECK(occurrences(timeline_svg({}), "No task was started.") == 1);
  scripted_run run(options(1), {});
  run.steps["a"] = {{0}};
  run.run({call("a")});
  CHECK(xml_error(timeline_svg(run.timeline())) == "");
}

TEST_CASE("many tasks become lanes, and bars too thin to see apart become one") {
  const std::string few = timeline_svg(batch(60, 7)), many = timeline_svg(batch(61, 7));
  CHECK(occurrences(few, ">task-59</text>") == 1);
  CHECK(occurrences(many, ">lane</text>") == 1);
  const std::string crowd = timeline_svg(batch(5000, 2000)), long_run = timeline_svg(batch(20000, 2));
  CHECK(xml_error(crowd) == "");
  CHECK(crowd.size() < 2'000'000);
  CHECK(xml_error(long_run) == "");
  CHECK(occurrences(long_run, "attempts, completed</title>") > 100);
  CHECK(long_run.size() < 1'000'000);
}

TEST_CASE("the axis has round ticks") {
  using namespace std::chrono_literals;
  const auto labels = [](duration span) {
    std::vector<std::string> out;
    for (const auto& t : detail::time_ticks(span, 5)) out.push_back(t.label);
    return join(out, "|");
  };
  const std::pair<duration, std::string> cases[] = {
      {0s, "0"},
      {3us, "0|1 µs|2 µs|3 µs"},
      {90ms, "0|20 ms|40 ms|60 ms|80 ms"},
      {1s, "0|0.2 s|0.4 s|0.6 s|0.8 s|1 s"},
      {10140ms, "0|2 s|4 s|6 s|8 s|10 s"},
      {100s, "0|20 s|40 s|60 s|80 s|100 s"},
      {8min, "0|2 min|4 min|6 min|8 min"},
      {100min, "0|30 min|1 h 00|1 h 30"},
      {24h, "0|6 h|12 h|18 h|24 h"},
      {240h, "0|2 d|4 d|6 d|8 d|10 d"},
  };
  for (const auto& [span, expected] : cases) CHECK(labels(span) == expected);
}
