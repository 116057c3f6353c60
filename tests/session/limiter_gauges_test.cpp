#include <corchestra/session/limiter_gauges.hpp>

#include <catch2/catch_test_macros.hpp>
#include <map>

using namespace corchestra;
using namespace std::chrono_literals;

namespace {

struct limited final : llm::api_client {
  std::map<std::string, llm::limiter_status> known;
  awaitable<llm::api_reply> post(llm::api_request) override { co_return llm::api_reply{}; }
  std::optional<llm::limiter_status> limits(const std::string& model, time_point) const override {
    const auto found = known.find(model);
    return found == known.end() ? std::nullopt : std::optional(found->second);
  }
};

}  // namespace

TEST_CASE("the limiters of an endpoint are given as what Prometheus is told") {
  const time_point now{1h};
  limited endpoint;
  endpoint.known["a"] = {.waiting = 3,
                         .in_flight = 8,
                         .in_flight_limit = 16,
                         .requests_a_minute = 600,
                         .paused_until = now + 5s,
                         .served = 40,
                         .throttled = 2,
                         .failed = 1};
  endpoint.known["b"] = {.in_flight_limit = 4, .tokens_a_minute = 9000, .circuit_open = true};
  endpoint.known["c"] = {.paused_until = now};
  const std::vector<std::string> models = {"a", "b", "c", "not asked"};
  const auto all = limiters_of(endpoint, models, now);
  REQUIRE(all.size() == 3);
  CHECK(all[0].model == "a");
  CHECK(all[0].waiting == 3);
  CHECK(all[0].in_flight == 8);
  CHECK(all[0].in_flight_limit == 16);
  CHECK(all[0].requests_a_minute == 600);
  CHECK_FALSE(all[0].tokens_a_minute);
  CHECK(all[0].paused);
  CHECK_FALSE(all[0].circuit_open);
  CHECK(all[0].served == 40);
  CHECK(all[0].throttled == 2);
  CHECK(all[0].failed == 1);
  CHECK(all[1].paused);
  CHECK(all[1].circuit_open);
  CHECK(all[1].tokens_a_minute == 9000);
  CHECK_FALSE(all[2].paused);
}
