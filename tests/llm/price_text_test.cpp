#include "llm/price_text.hpp"

#include <rapidcheck.h>
#include <catch2/catch_test_macros.hpp>
#include <string>

using namespace corchestra::llm;

TEST_CASE("prices are read digit by digit, in every form of a JSON number") {
  CHECK(parse_token_price("1.25e-05") == 12'500'000'000);
  CHECK(parse_token_price("0.0000125") == 12'500'000'000);
  CHECK(parse_token_price("125E-7") == 12'500'000'000);
  CHECK(parse_token_price("0.125e-4") == 12'500'000'000);
  CHECK(parse_token_price("5e-9") == 5'000'000);
  CHECK(parse_token_price("1") == 1'000'000'000'000'000);
  CHECK(parse_token_price("1e+2") == 100'000'000'000'000'000);
  CHECK(parse_token_price("0") == 0);
  CHECK(parse_token_price("0.0e-07") == 0);
  CHECK(parse_token_price("0.1") == 100'000'000'000'000);  // no double is a tenth
}

TEST_CASE("what is finer than a femto-dollar is rounded half up") {
  CHECK(parse_token_price("2.9999900000000002e-06") == 2'999'990'000);
  CHECK(parse_token_price("1.4999e-15") == 1);
  CHECK(parse_token_price("1.5e-15") == 2);
  CHECK(parse_token_price("5e-16") == 1);
  CHECK(parse_token_price("4.9e-16") == 0);
  CHECK(parse_token_price("9e-17") == 0);
  CHECK(parse_token_price("1e-400") == 0);
}

TEST_CASE("no price is more than 1000 dollars, below zero, or no number") {
  CHECK(parse_token_price("1000") == max_token_price);
  for (const char* text : {"1000.000000000000001",
                           "1e4",
                           "1e400",
                           "99999999999999999999",
                           "1e99999999999",
                           "-1",
                           "-0",
                           "",
                           " 1",
                           "1 ",
                           ".5",
                           "1.",
                           "e5",
                           "1e",
                           "1e+",
                           "1e-",
                           "1e+-5",
                           "0x10",
                           "1,5",
                           "nan",
                           "inf",
                           "free",
                           "$1",
                           "1.2.3"})
    CHECK_FALSE(parse_token_price(text));
}

TEST_CASE("any price below a dollar comes back from its decimals") {
  CHECK(rc::check([] {
    const auto femto = *rc::gen::inRange<std::int64_t>(0, 1'000'000'000'000'000);
    std::string digits = std::to_string(femto);
    digits.insert(0, 15 - digits.size(), '0');
    RC_ASSERT(parse_token_price("0." + digits) == femto);
    RC_ASSERT(parse_token_price(std::to_string(femto) + "e-15") == femto);
  }));
}
