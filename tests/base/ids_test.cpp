#include <corchestra/base/ids.hpp>

#include <rapidcheck.h>
#include <catch2/catch_test_macros.hpp>

using namespace corchestra;

TEST_CASE("a UUID version 7 is laid out as RFC 9562 says") {
  // the RFC's own example: appendix A.6
  CHECK(make_uuid_v7(wall_time(std::chrono::milliseconds(0x017F22E279B0)), 0xCC3, 0x18C4DC0C0C07398F) ==
        "017f22e2-79b0-7cc3-98c4-dc0c0c07398f");
}

TEST_CASE("version and variant stand whatever the random bits, and ids sort by time") {
  REQUIRE(rc::check("uuid v7", [](std::uint64_t high, std::uint64_t low, std::uint64_t other) {
    const auto ms = *rc::gen::inRange<std::int64_t>(0, std::int64_t{1} << 47);
    const std::string a = make_uuid_v7(wall_time(std::chrono::milliseconds(ms)), high, low);
    const std::string b = make_uuid_v7(wall_time(std::chrono::milliseconds(ms + 1)), other, high);
    RC_ASSERT(a.size() == 36u);
    RC_ASSERT(a[14] == '7');
    RC_ASSERT(std::string("89ab").find(a[19]) != std::string::npos);
    RC_ASSERT(a < b);
  }));
}

TEST_CASE("run ids differ") { CHECK(new_run_id() != new_run_id()); }
