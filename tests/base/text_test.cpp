#include <corchestra/base/text.hpp>

#include <rapidcheck.h>
#include <catch2/catch_test_macros.hpp>
#include <cstdint>
#include <limits>

using namespace corchestra;

TEST_CASE("strings, characters and integers are put in a row") {
  CHECK(concat("line ", 7, ':', std::string(" what"), std::int64_t{-1}) == "line 7: what-1");
  CHECK(concat(std::numeric_limits<std::uint64_t>::max()) == "18446744073709551615");
  CHECK(concat().empty());
}

TEST_CASE("numbers have a fixed count of decimals") {
  CHECK(fixed(2.7345, 2) == "2.73");
  CHECK(fixed(0, 0) == "0");
  CHECK(fixed(-1.5, 3) == "-1.500");
  CHECK(fixed(1e300, 0).size() == 301);
}

TEST_CASE("parts are joined by a separator") {
  CHECK(join({}, ", ").empty());
  CHECK(join({"a"}, ", ") == "a");
  CHECK(join({"a", "", "c"}, ", ") == "a, , c");
}

TEST_CASE("input is quoted visibly and cut") {
  CHECK(quote("plain") == "'plain'");
  CHECK(quote("") == "''");
  CHECK(quote("a\nb\tc\rd\x1b[0m") == "'a\\nb\\tc\\rd\\x1b[0m'");
  CHECK(quote("0123456789", 10) == "'0123456789'");
  CHECK(quote("0123456789x", 10) == "'0123456...'");
  CHECK(quote("ab\xC3\xA9\xC3\xA9\xC3\xA9", 6) == "'ab...'");
}

TEST_CASE("one line stays one line") {
  CHECK(one_line("a\r\nb\x7F"
                 "c",
                 80) == "a  b c");
  CHECK(one_line("a\xC2\x9B"
                 "31m",
                 80) == "a 31m");
  CHECK(one_line("\xC3\xA9\xC3\xA9\xC3\xA9", 5) == "\xC3\xA9...");
  CHECK(one_line("abc", 0).empty());
}

TEST_CASE("a line is never longer than asked for, and cut between code points") {
  REQUIRE(rc::check("one_line", [] {
    const auto count = *rc::gen::inRange<std::size_t>(0, 30);
    const auto max = *rc::gen::inRange<std::size_t>(0, 60);
    std::string s;
    for (std::size_t i = 0; i < count; ++i)
      s += *rc::gen::element<std::string>("a", "\xC3\xA9", "\xE2\x9C\x93", "\xF0\x9F\x93\x8A", "\n");
    const std::string line = one_line(s, max);
    RC_ASSERT(line.size() <= max);
    RC_ASSERT(line.find('\n') == std::string::npos);
    const std::size_t kept = s.size() <= max ? line.size() : line.size() - (max >= 3 ? 3 : 0);
    RC_ASSERT(kept == s.size() || (static_cast<unsigned char>(s[kept]) & 0xC0) != 0x80);
  }));
}

TEST_CASE("blanks at the ends are trimmed") {
  CHECK(trim(" \t\r\na b\v\f ") == "a b");
  CHECK(trim("   ").empty());
}

TEST_CASE("only ASCII letters are lowered") { CHECK(to_lower("ABC-\xC3\x89z") == "abc-\xC3\x89z"); }

TEST_CASE("the closest word is suggested when it is near") {
  const std::vector<std::string> words{"researcher", "plotter", "editor", "a"};
  CHECK(closest("reseacher", words) == "researcher");
  CHECK(closest("plottre", words) == "plotter");
  CHECK(closest("Editor", words) == "editor");
  CHECK(closest("xyz", words).empty());
  CHECK(closest("", words).empty());
  CHECK(closest("anything", {}).empty());
}
