#include <corchestra/base/error.hpp>

#include <catch2/catch_test_macros.hpp>

using namespace corchestra;

namespace {

struct named {
  errc code;
  std::string_view name;
};
#define NAMED(x) \
  named { errc::x, #x }
constexpr named all[] = {
    NAMED(invalid_argument),
    NAMED(invalid_plan),
    NAMED(invalid_config),
    NAMED(unresolved_reference),
    NAMED(unknown_task),
    NAMED(duplicate_task),
    NAMED(dependency_cycle),
    NAMED(unknown_agent),
    NAMED(unreachable_resource),
    NAMED(limit_exceeded),
    NAMED(queue_full),
    NAMED(not_running),
    NAMED(cancelled),
    NAMED(timeout),
    NAMED(task_failed),
    NAMED(stalled),
    NAMED(schema_mismatch),
    NAMED(invalid_json),
    NAMED(too_large),
    NAMED(too_deep),
    NAMED(file_error),
    NAMED(resolve_failed),
    NAMED(connect_failed),
    NAMED(connection_lost),
    NAMED(tls_failed),
    NAMED(protocol_error),
    NAMED(no_endpoint),
    NAMED(authentication_failed),
    NAMED(permission_denied),
    NAMED(not_found),
    NAMED(bad_request),
    NAMED(rate_limited),
    NAMED(quota_exhausted),
    NAMED(server_error),
    NAMED(invalid_reply),
    NAMED(refused),
    NAMED(truncated),
    NAMED(content_filtered),
    NAMED(command_not_found),
    NAMED(command_failed),
    NAMED(analysis_failed),
    NAMED(internal),
};
#undef NAMED

result<int> half(int n) {
  if (n % 2 != 0) return fail(errc::invalid_argument, "expected an even number");
  return n / 2;
}

}  // namespace

TEST_CASE("every error has its enumerator's name") {
  CHECK(std::size(all) == static_cast<std::size_t>(errc::internal));
  for (const auto& [code, name] : all) {
    CHECK(to_string(code) == name);
    CHECK(make_error_code(code).message() == name);
    CHECK(code_name(fail(code, "")) == name);
  }
  CHECK(to_string(static_cast<errc>(0)) == "unknown_error");
  CHECK(to_string(static_cast<errc>(1000)) == "unknown_error");
}

TEST_CASE("an error of another category is named by category and value") {
  const error e{boost::system::error_code(111, boost::system::system_category()), "refused", {}, {}};
  CHECK(code_name(e) == "system:111");
  CHECK_FALSE(e.is(errc::connect_failed));
}

TEST_CASE("a result holds a value or an error") {
  const auto good = half(4), bad = half(3);
  REQUIRE(good.has_value());
  CHECK(*good == 2);
  REQUIRE(bad.has_error());
  CHECK(bad.error().is(errc::invalid_argument));
  CHECK(bad.error().retry == retry_class::unspecified);
}

TEST_CASE("value() of a failed result throws the error whole") {
  try {
    half(3).value();
    FAIL("nothing was thrown");
  } catch (const error_exception& e) {
    CHECK(std::string_view(e.what()) == "expected an even number");
    CHECK(e.error().is(errc::invalid_argument));
  }
}

TEST_CASE("a place is put before the message and nothing else changes") {
  error e = fail(errc::rate_limited, "slow down", retry_class::transient);
  e.retry_after = std::chrono::seconds(2);
  const error placed = in_place(e, "task 'a'");
  CHECK(placed.message == "task 'a': slow down");
  CHECK(placed.is(errc::rate_limited));
  CHECK(placed.retry == retry_class::transient);
  CHECK(placed.retry_after == std::chrono::seconds(2));
}
