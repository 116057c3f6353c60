#include "llm/retry_after.hpp"

#include <catch2/catch_test_macros.hpp>

using namespace corchestra;
using namespace corchestra::llm;
using namespace std::chrono_literals;

namespace {
std::optional<std::chrono::milliseconds> wait(net::http_headers headers, std::optional<wall_time> now = {}) {
  return parse_retry_after(headers, now);
}
}  // namespace

TEST_CASE("Retry-After comes as milliseconds, seconds or a date") {
  CHECK(wait({{"retry-after", "3"}}) == 3s);
  CHECK(wait({{"retry-after", " 0.25 "}}) == 250ms);
  CHECK(wait({{"retry-after-ms", "1500.5"}, {"retry-after", "9"}}) == 1501ms);
  const std::string date = "Wed, 21 Oct 2015 07:28:00 GMT";
  CHECK(wait({{"retry-after", date}, {"date", "Wed, 21 Oct 2015 07:27:20 GMT"}}) == 40s);
  const auto at = parse_http_date(date).value();
  CHECK(to_iso8601(at) == "2015-10-21T07:28:00.000Z");
  CHECK(wait({{"retry-after", date}}, at - 90s) == 90s);
}

TEST_CASE("what is no useful Retry-After is not believed") {
  for (const char* value :
       {"", "soon", "-1", "0", "nan", "inf", "1e999", "3 s", "Wed, 21 Oct 2015 25:28:00 GMT",
        "Wed, 32 Oct 2015 07:28:00 GMT", "Wed, 21 Okt 2015 07:28:00 GMT", "Wednesday, 21-Oct-15 07:28:00 GMT"}) {
    CAPTURE(value);
    CHECK_FALSE(wait({{"retry-after", value}}, wall_time()));
  }
  CHECK_FALSE(wait({}));
  CHECK_FALSE(wait({{"retry-after", "Wed, 21 Oct 2015 07:28:00 GMT"}}));
  CHECK_FALSE(wait({{"retry-after", "Wed, 21 Oct 2015 07:28:00 GMT"}, {"date", "Wed, 21 Oct 2015 07:29:00 GMT"}}));
  CHECK(wait({{"retry-after", "1e300"}}) == 24h * 365);
}
