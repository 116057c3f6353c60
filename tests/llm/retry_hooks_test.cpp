#include <catch2/catch_test_macros.hpp>

#include <corchestra/llm/openai_client.hpp>
#include <corchestra/testing/virtual_time.hpp>

#include "llm/replies.hpp"
#include "llm/scripted_http_client.hpp"
#include "support/show.hpp"

using namespace corchestra;
using namespace corchestra::llm;
using namespace corchestra::tests;
using namespace std::chrono_literals;

namespace {

struct told {
  int status;
  bool sent;
  friend bool operator==(const told&, const told&) = default;
};

/// A call whose failed tries are kept, and which waits before each retry.
struct hooked_call {
  testing::virtual_time_context time;
  std::shared_ptr<scripted_http_client> http = std::make_shared<scripted_http_client>();
  std::vector<told> failed;
  int asked = 0, allowed = 100;
  duration wait{};
  duration limit = 600s;

  awaitable<result<void>> may_retry() {
    if (++asked > allowed) co_return fail(errc::limit_exceeded, "enough");
    if (wait > duration::zero()) co_await sleep_for(wait);
    co_return result<void>();
  }

  result<chat_response> make(bool streaming) {
    openai_options options;
    options.base_url = "http://127.0.0.1:8081/v1";
    options.model = "m";
    options.seed = 42;
    chat_request r = ask();
    r.timeout = limit;
    r.on_failed_try = [this](const failed_try& t) { failed.push_back({t.status, t.sent}); };
    r.before_retry = [this] { return may_retry(); };
    const auto client = make_openai_client(http, options).value();
    return time.run(streaming ? client->stream(std::move(r), nullptr) : client->complete(std::move(r)));
  }
};

}  // namespace

TEST_CASE("each try that failed is told, with its status, and whether it went out") {
  for (const bool streaming : {false, true}) {
    hooked_call c;
    c.http->replies(503, R"({"error":{"message":"busy"}})")
        .breaks(fail(errc::connect_failed, "nobody there"))
        .breaks(fail(errc::connection_lost, "reset"));
    CHECK_FALSE(c.make(streaming));
    CHECK(c.failed == std::vector<told>{{503, true}, {0, false}, {0, true}});
    CHECK(c.asked == 2);
  }
  hooked_call fine;
  fine.http->replies(200, reply_saying("Hi.").dump());
  CHECK(fine.make(false));
  CHECK(fine.failed.empty());
  CHECK(fine.asked == 0);
}

TEST_CASE("a retry that is not allowed ends the call, with what failed last") {
  hooked_call c;
  c.allowed = 0;
  c.http->replies(503, R"({"error":{"message":"busy"}})").replies(200, reply_saying("Hi.").dump());
  const auto reply = c.make(false);
  REQUIRE_FALSE(reply);
  CHECK(reply.error().is(errc::limit_exceeded));
  CHECK(reply.error().message.starts_with("another try: enough; the last one failed: "));
  CHECK(reply.error().message.find("busy") != std::string::npos);
  CHECK(c.http->unused() == 1);
}

TEST_CASE("the time that a retry waits to be allowed is not the call's") {
  hooked_call c;
  c.wait = 60s;
  c.limit = 20s;
  c.http->replies(503, R"({"error":{"message":"busy"}})").replies(200, reply_saying("Hi.").dump(), {}, 10s);
  CHECK(c.make(false));
  CHECK(c.time.now() > time_point(60s));
}

TEST_CASE("a server that rejects stream_options is asked again as any other") {
  hooked_call c;
  c.http->replies(400, R"({"error":{"message":"stream_options is not known"}})")
      .streams({{0s, sse_text("Hi.") + sse_end}});
  CHECK(c.make(true));
  CHECK(c.failed == std::vector<told>{{400, true}});
  CHECK(c.asked == 1);
}
