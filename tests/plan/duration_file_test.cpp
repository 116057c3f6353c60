#include <corchestra/plan/duration_file.hpp>

#include <catch2/catch_test_macros.hpp>

#include "support/temp_dir.hpp"

namespace corchestra {

namespace {

using namespace std::chrono_literals;
using by_task = std::map<std::string, duration>;

const std::string book_text = R"({"types": {"write": {"mean_seconds": 2.5, "variance": 0.2, "samples": 12}},
  "agents": {"x": {"mean_seconds": 4, "variance": 0, "samples": 1}}})";

}  // namespace

TEST_CASE("a book of durations comes back from its file", "[plan]") {
  const tests::temp_dir dir;
  const auto book = load_durations(dir.write("d.json", book_text));
  REQUIRE(book);
  CHECK(book->expected("write", "y") == optional_duration(2500ms));
  CHECK(book->expected("", "x") == optional_duration(4s));
  CHECK_FALSE(book->expected("read", "y"));
}

TEST_CASE("durations by task id are read from JSON, alone or beside a book, and from CSV", "[plan]") {
  const by_task wanted = {{"load", 2500ms}, {"write", 90s}};
  const auto alone = parse_durations_json(R"({"load": 2.5, "write": "1m30s"})", "d.json");
  REQUIRE(alone);
  CHECK(alone->tasks == wanted);
  CHECK(alone->book.empty());
  const auto beside = parse_durations_json(R"({"types": {"t": {"mean_seconds": 1, "variance": 0, "samples": 1}},
    "tasks": {"load": 2.5, "write": 90}})",
                                           "d.json");
  REQUIRE(beside);
  CHECK(beside->tasks == wanted);
  CHECK(beside->book.expected("t", "") == optional_duration(1s));
  const auto csv = parse_durations_csv(
      "task,seconds\n# from yesterday\nload, 2.5\r\n\n\"write\",1m30s\n\"a,\"\"b\"\"\",1\n", "d.csv");
  REQUIRE(csv);
  CHECK(csv->tasks == by_task{{"load", 2500ms}, {"write", 90s}, {"a,\"b\"", 1s}});
  CHECK(parse_durations_csv("load,2.5", "d.csv")->tasks == by_task{{"load", 2500ms}});
}

TEST_CASE("malformed files of durations are refused with their place", "[plan]") {
  const auto json_message = [](std::string_view text) {
    const auto r = parse_durations_json(text, "d.json");
    return r ? std::string("no error") : r.error().message;
  };
  CHECK(json_message("[1]") == "d.json: expected an object of durations, got [1]");
  CHECK(json_message(R"({"load": "soon"})") ==
        "d.json: load: expected seconds such as 2.5, or a duration such as 1m30s, at most 36500d, got \"soon\"");
  CHECK(json_message(R"({"load": -1})") ==
        "d.json: load: expected seconds such as 2.5, or a duration such as 1m30s, at most 36500d, got -1");
  CHECK(json_message("{").starts_with("d.json: "));
}

TEST_CASE("malformed lines of a CSV file of durations are refused with their number", "[plan]") {
  const auto message = [](std::string_view text) {
    const auto r = parse_durations_csv(text, "d.csv");
    return r ? std::string("no error") : r.error().message;
  };
  const std::string expected = "expected seconds such as 2.5, or a duration such as 1m30s, at most 36500d, got ";
  CHECK(message("a,1\nb,x\n") == "d.csv:2: " + expected + "'x'");
  for (const std::string bad : {"-1", "nan", "abc", "99999d", ""}) {
    CHECK(message("wind," + bad + "\n") == "d.csv:1: " + expected + "'" + bad + "'; a heading is: task,seconds");
    CHECK(message("sun,1\nwind," + bad + "\n") == "d.csv:2: " + expected + "'" + bad + "'");
  }
  const std::string columns = "expected a task id and its duration, and got ";
  CHECK(message("sun,1\nwind,2,5\n") == "d.csv:2: " + columns + "3 columns");
  CHECK(message("wind;2.5\n") == "d.csv:1: " + columns + "1 column");
  CHECK(message("\"wind,2.5\n") == "d.csv:1: a quoted column does not end");
  CHECK(message("\"wind\"ow,2.5\n") == "d.csv:1: expected a comma after a quoted column, got 'ow,2.5'");
  CHECK(message("a,1\n,2\n") == "d.csv:2: expected a task id, got ''");
  CHECK(message("a,1\n\xff,2\n") == "d.csv:2: the text is not UTF-8");
  for (const std::string_view none : {"", "\n", "# nothing\n", "task,seconds\n"})
    CHECK(message(none) == "d.csv: expected lines of a task id and its duration, such as: load,2.5");
}

TEST_CASE("a CSV file of durations may begin with a heading", "[plan]") {
  for (const std::string_view heading : {"task,seconds", "id, Duration", "# of today\n\nid,expected_duration"})
    CHECK(parse_durations_csv(std::string(heading) + "\nload,2.5\n", "d.csv")->tasks == by_task{{"load", 2500ms}});
  CHECK_FALSE(parse_durations_csv("load,2.5\ntask,seconds\n", "d.csv"));
}

TEST_CASE("a plan takes the durations of its tasks, and keeps those it says itself", "[plan]") {
  task_plan plan;
  plan.tasks = {create_task_call("load", "a", "t", ""), create_task_call("own", "a", "t", ""),
                create_task_call("other", "a", "t", "")};
  plan.tasks[1].rules.get_or_emplace().expected_duration = 7s;
  const auto file = parse_durations_json(R"({"types": {"t": {"mean_seconds": 1, "variance": 0, "samples": 1}},
    "tasks": {"load": 2, "own": 3, "gone": 4}})",
                                         "d.json");
  REQUIRE(file);
  CHECK(apply_durations(plan, *file) == 1);
  CHECK(plan.tasks[0].rules->expected_duration == optional_duration(2s));
  CHECK(plan.tasks[1].rules->expected_duration == optional_duration(7s));
  CHECK_FALSE(plan.tasks[2].rules);
  REQUIRE(plan.options.durations);
  CHECK(plan.options.durations->expected("t", "") == optional_duration(1s));
}

}  // namespace corchestra
