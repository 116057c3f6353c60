#include <corchestra/llm/money.hpp>

#include <rapidcheck.h>
#include <catch2/catch_test_macros.hpp>
#include <limits>

using namespace corchestra::llm;

namespace {
constexpr std::int64_t most = std::numeric_limits<std::int64_t>::max();
}

TEST_CASE("an amount is exact and written to its last digit") {
  CHECK(money().to_text() == "0");
  CHECK(money::of(1, 1).to_text() == "0.000000000000001");
  CHECK(money::of(1'000'000, 1'250'000'000).to_text() == "1.25");
  CHECK(money::of(3, 1'000'000'000'000'000).to_text() == "3");
  CHECK(money::of(1, 1'000'000).to_text() == "0.000000001");
  CHECK(money::of(12'345'678, 87'654'321).to_text() == "1.082152022374638");
}

TEST_CASE("a million calls of a tenth of a micro-dollar are ten cents") {
  money sum;
  for (int i = 0; i < 1'000'000; ++i) sum += money::of(1, 100'000'000);
  CHECK(sum.to_text() == "0.1");
  CHECK(sum.micro_dollars() == 100'000);
}

TEST_CASE("the text of an amount can be read again, and nothing else") {
  CHECK(rc::check([] {
    const auto n = *rc::gen::inRange<std::int64_t>(0, most),
               price = *rc::gen::inRange<std::int64_t>(0, 1'000'000'000'000);
    const money amount = money::of(n, price);
    if (amount.micro_dollars() < most) RC_ASSERT(money::parse(amount.to_text()) == amount);
  }));
  CHECK(money::parse("9223372036854.775807999999999")->micro_dollars() == most);
  for (const char* text : {"", ".", "1.", ".5", "-1", "0.-1", "+1", "1e-5", "0.10", "01", "1 ", "0.0000000000000001",
                           "9223372036854.775808", "99999999999999999999", "0,5", "unknown"})
    CHECK_FALSE(money::parse(text));
}

TEST_CASE("micro-dollars are rounded half up") {
  CHECK(money::of(1, 499'999'999).micro_dollars() == 0);
  CHECK(money::of(1, 1).micro_dollars_up() == 1);
  CHECK(money::of(2, 1'000'000'000).micro_dollars_up() == 2);
  CHECK(money().micro_dollars_up() == 0);
  CHECK(money::of(1, 500'000'000).micro_dollars() == 1);
  CHECK(money::of(1, 1'499'999'999).micro_dollars() == 1);
  CHECK(money::of(1, 1'500'000'000).micro_dollars() == 2);
}

TEST_CASE("rounding the sum loses nothing that rounding each part would") {
  const money part = money::of(1, 400'000'000);
  CHECK(part.micro_dollars() == 0);
  CHECK((part + part + part).micro_dollars() == 1);
}

TEST_CASE("amounts stop at the end of their range and at zero") {
  const money all = money::of(most, max_token_price);
  CHECK(all.micro_dollars() == most);
  CHECK((all + all).micro_dollars() == most);
  CHECK(all + all >= all);
  CHECK(money::of(-5, 100) == money());
  CHECK(money::of(5, -100) == money());
  CHECK(money::of(1, 2) < money::of(2, 2));
}
