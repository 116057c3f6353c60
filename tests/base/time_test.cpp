#include <corchestra/base/time.hpp>

#include <rapidcheck.h>
#include <catch2/catch_test_macros.hpp>

using namespace corchestra;
using namespace std::chrono_literals;

TEST_CASE("wall time is written as ISO 8601 in UTC with milliseconds") {
  CHECK(to_iso8601(wall_time(0ms)) == "1970-01-01T00:00:00.000Z");
  CHECK(to_iso8601(wall_time(1'795'248'000'123ms)) == "2026-11-21T08:00:00.123Z");
  CHECK(to_iso8601(wall_time(-1ms)) == "1969-12-31T23:59:59.999Z");
}

TEST_CASE("an anchor ties the run's time to the calendar") {
  const clock_anchor anchor{time_point(5s), wall_time(1000ms)};
  CHECK(anchor.to_wall(time_point(5s + 1500us)) == wall_time(1001ms));
  CHECK(anchor.to_wall(time_point(4s)) == wall_time(0ms));
}

TEST_CASE("durations are read with units") {
  const std::pair<std::string_view, duration> rows[] = {
      {"500ms", 500ms}, {"1.5s", 1500ms},    {"2m", 2min},
      {"1h30m", 90min}, {"1d", 24h},         {"0", 0s},
      {"45", 45s},      {"0.25", 250ms},     {"1d2h3m4s5ms", 24h + 2h + 3min + 4s + 5ms},
      {" 2 m ", 2min},  {"1 h 02 m", 62min}, {"36500d", 24h * 36500},
      {"1.1s", 1100ms}};
  for (const auto& [text, expected] : rows) {
    CAPTURE(text);
    const auto r = parse_duration(text);
    REQUIRE(r.has_value());
    CHECK(*r == expected);
  }
}

TEST_CASE("what is no duration is refused with what was expected") {
  const std::string form = "for example 500ms, 1.5s, 2m, 1h30m, 1d or a number of seconds";
  const std::pair<std::string_view, std::string> rows[] = {{"", form},
                                                           {"s", form},
                                                           {"-5s", form},
                                                           {"5 parsecs", form},
                                                           {"1.s", form},
                                                           {".5s", form},
                                                           {"1e3", form},
                                                           {"nan", form},
                                                           {"inf", form},
                                                           {"1m 30", form},
                                                           {"5S", form},
                                                           {"1h1h", "each unit once, the largest first"},
                                                           {"30s5m", "each unit once, the largest first"},
                                                           {"36501d", "at most 36500d"},
                                                           {"36500d876000h52560000m3153600000s", "at most 36500d"},
                                                           {"99999999999999999999999d", "at most 36500d"}};
  for (const auto& [text, expected] : rows) {
    CAPTURE(text);
    const auto r = parse_duration(text);
    REQUIRE(r.has_error());
    CHECK(r.error().is(errc::invalid_argument));
    CHECK(r.error().message == "'" + std::string(text) + "' is not a duration: expected " + expected);
  }
}

TEST_CASE("durations are written for people") {
  const std::pair<duration, std::string_view> rows[] = {
      {0s, "0 ms"},         {850ms, "850 ms"},        {999'400us, "999 ms"},  {999'600us, "1.00 s"},
      {9230ms, "9.23 s"},   {59'994ms, "59.99 s"},    {59'996ms, "1 m 00 s"}, {125s, "2 m 05 s"},
      {3599s, "59 m 59 s"}, {3599'600ms, "1 h 00 m"}, {62min, "1 h 02 m"},    {26h, "26 h 00 m"},
      {-850ms, "-850 ms"}};
  for (const auto& [d, expected] : rows) CHECK(to_text(d) == expected);
}

TEST_CASE("whole milliseconds survive writing with a unit and reading") {
  REQUIRE(rc::check("parse_duration", [] {
    const auto ms = *rc::gen::inRange<std::int64_t>(0, 1'000'000'000'000);
    RC_ASSERT(*parse_duration(std::to_string(ms) + "ms") == std::chrono::milliseconds(ms));
  }));
}
