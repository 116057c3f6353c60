#include <corchestra/llm/cost_bound.hpp>

#include <catch2/catch_test_macros.hpp>

#include "batch/prices.hpp"
#include "llm/replies.hpp"
#include "llm/request_body.hpp"

using namespace corchestra;
using namespace corchestra::llm;
using namespace corchestra::tests;

TEST_CASE("a chat comes to no more than a token a byte of its request, whatever the client adds") {
  chat_request r = ask("h\u00e4llo \"you\"\n");
  r.max_tokens = 50;
  r.tools.push_back({"look", "Looks.", json{{"type", "object"}}});
  const auto extent = extent_of(r, "m");
  for (const bool streamed : {false, true})
    for (const char* field : {"max_tokens", "max_completion_tokens"})
      CHECK(static_cast<std::int64_t>(request_body(r, {"m", field, streamed, streamed})->size()) <= extent.bytes);
  CHECK(extent.answer_tokens == 50);
  CHECK(extent.service_tier.empty());
}

TEST_CASE("what `extra` says of answers counts: their number, limit and tier") {
  chat_request r = ask();
  CHECK_FALSE(extent_of(r, "m").answer_tokens);
  r.extra = {{"max_completion_tokens", 30}, {"n", 4}, {"service_tier", "priority"}};
  CHECK(extent_of(r, "m").answer_tokens == 120);
  CHECK(extent_of(r, "m").service_tier == "priority");
  r.max_tokens = 100;
  CHECK(extent_of(r, "m").answer_tokens == 400);
  r.extra["n"] = std::numeric_limits<std::int64_t>::max();
  CHECK(extent_of(r, "m").answer_tokens == 1'000'000'000'000);
  r.extra = {{"n", "many"}, {"max_tokens", -5}};
  CHECK(extent_of(r, "m").answer_tokens == 100);
}

TEST_CASE("a call without text costs its input, and one without a limit has no bound") {
  const auto prices = simple_prices();
  CHECK(bound_of(prices.find("m"), {1000, 50, {}}).most == micro(1100));
  CHECK(bound_of(prices.find("m"), {1000, 0, {}}).most == micro(1000));
  CHECK(bound_of(prices.find("m"), {1000, {}, {}}).why == unbounded::no_max_tokens);
  CHECK(bound_of(prices.find("other"), {1000, 50, {}}).why == unbounded::no_price);
}

TEST_CASE("only a try that got no connection was never sent") {
  CHECK(never_sent(fail(errc::resolve_failed, "")));
  CHECK(never_sent(fail(errc::connect_failed, "")));
  CHECK(never_sent(fail(errc::tls_failed, "")));
  CHECK_FALSE(never_sent(fail(errc::connection_lost, "")));
  CHECK_FALSE(never_sent(fail(errc::timeout, "")));
}
