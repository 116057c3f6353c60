#include "monitor/text_width.hpp"

#include <catch2/catch_test_macros.hpp>

#include "monitor/number_text.hpp"
#include "monitor/styled_line.hpp"

using namespace corchestra::detail;
using strings = std::vector<std::string>;

TEST_CASE("display width counts columns, not bytes") {
  CHECK(display_width("") == 0);
  CHECK(display_width("abc") == 3);
  CHECK(display_width("é") == 1);
  CHECK(display_width("e\xCC\x81") == 1);
  CHECK(display_width("日本") == 4);
  CHECK(display_width("⚡📊✓") == 5);
  CHECK(display_width("\xFF\xFE") == 2);
}

TEST_CASE("text is made safe to show") {
  const std::pair<std::string, std::string> cases[] = {
      {"plain", "plain"},
      {"a\nb\tc\rd", "a b c d"},
      {"\x1b[2Jx", " [2Jx"},
      {"\xC2\x9B"
       "2J",
       " 2J"},  // the one-byte form of ESC [
      {"a\xE2\x80\xAE"
       "b",
       "ab"},                             // right-to-left override
      {"\xE2\x9A\xA0\xEF\xB8\x8F", "⚠"},  // an emoji's variation selector
      {"\xC3(", "\xEF\xBF\xBD("},
      {"\xED\xA0\x80", "\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD"},  // a surrogate
      {"\xC0\xAF", "\xEF\xBF\xBD\xEF\xBF\xBD"},                  // overlong
      {"cut \xF0\x9F", "cut \xEF\xBF\xBD\xEF\xBF\xBD"},
  };
  for (const auto& [given, shown] : cases) CHECK(clean_text(given) == shown);
}

TEST_CASE("text is cut to a width with a mark") {
  CHECK(cut_to_width("abcdef", 6, "…") == "abcdef");
  CHECK(cut_to_width("abcdef", 5, "…") == "abcd…");
  CHECK(cut_to_width("日本語", 5, "…") == "日本…");
  CHECK(cut_to_width("日本語", 4, "…") == "日…");
  CHECK(cut_to_width("abcdef", 2, "...") == "ab");
  CHECK(cut_to_width("abcdef", 0, "…").empty());
}

TEST_CASE("text is wrapped at spaces, and in words that are too long") {
  CHECK(wrap_text("one two three", 7, 9, "…") == strings{"one two", "three"});
  CHECK(wrap_text("one two three", 8, 9, "…") == strings{"one two", "three"});
  CHECK(wrap_text("abcdefgh ij", 3, 9, "…") == strings{"abc", "def", "gh", "ij"});
  CHECK(wrap_text("one two three four", 5, 2, "…") == strings{"one", "two …"});
  CHECK(wrap_text("", 5, 2, "…") == strings{""});
  CHECK(wrap_text("日本", 1, 5, "…") == strings{"…"});
}

TEST_CASE("a styled line never exceeds its limit, and closes its colours") {
  styled_line l(true, "…", 10);
  l.add("abc", text_style::good).pad_to(5).add("日本語日本", text_style::bad).add("lost").pad_to(99);
  CHECK(l.text() == "\x1b[32mabc\x1b[0m  \x1b[31m日本…\x1b[0m");
  CHECK(l.columns() == 10);
}

TEST_CASE("numbers for people and for machines") {
  using namespace std::chrono_literals;
  CHECK(grouped_text(0) == "0");
  CHECK(grouped_text(999) == "999");
  CHECK(grouped_text(1990) == "1,990");
  CHECK(grouped_text(-1234567) == "-1,234,567");
  CHECK(seconds_text(9230ms) == "9.23s");
  CHECK(clock_text(4290ms) == "4.2s");
  CHECK(clock_text(125s) == "2m05s");
  CHECK(clock_text(3720s) == "1h02m");
  CHECK(clock_text(-1s) == "0.0s");
  CHECK(percent_text(0.5577) == "56 %");
  CHECK(number_text(0.1) == "0.1");
  CHECK(number_text(1e300 * 1e300) == "+Inf");
  CHECK(short_number(2.50) == "2.5");
  CHECK(short_number(-0.001) == "0");
  CHECK(short_number(100) == "100");
}
