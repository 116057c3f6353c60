// Calls that take long are asked a second time, under virtual time.
#include <corchestra/llm/hedging.hpp>

#include <algorithm>
#include <catch2/catch_test_macros.hpp>
#include <random>
#include <vector>

#include <corchestra/async/scope.hpp>
#include <corchestra/async/sleep.hpp>
#include <corchestra/async/timeout.hpp>
#include <corchestra/llm/openai_client.hpp>
#include <corchestra/testing/virtual_time.hpp>

#include "llm/replies.hpp"
#include "llm/scripted_http_client.hpp"

using namespace corchestra;
using namespace corchestra::llm;
using namespace corchestra::tests;
using namespace std::chrono_literals;

namespace {

/// What the n-th request gets, from 0.
struct turn {
  duration takes{};
  std::optional<error> failure;
  duration first_token{};  // of a stream
};

/// Answers with the number of the request, and counts what goes on.
struct timed_model final : chat_model {
  explicit timed_model(std::function<turn(std::size_t)> s) : script(std::move(s)) {}

  awaitable<result<chat_response>> complete(chat_request request) override {
    return answer(this, std::move(request), {});
  }
  awaitable<result<chat_response>> stream(chat_request request,
                                          std::function<void(const chat_delta&)> on_delta) override {
    return answer(this, std::move(request), std::move(on_delta));
  }
  std::string default_model() const override { return "m"; }

  static awaitable<result<chat_response>> answer(timed_model* self, chat_request,
                                                 std::function<void(const chat_delta&)> on_delta) {
    const std::size_t n = self->asked++;
    const std::string name = std::to_string(n);
    struct under_way {
      explicit under_way(int& c) : count(++c) {}
      ~under_way() { --count; }
      int& count;
    } guard(self->active);
    const turn t = self->script(n);
    if (on_delta) {
      co_await sleep_for(t.first_token);
      on_delta({"<" + name, {}});
    }
    co_await sleep_for(t.takes - t.first_token);
    ++self->answered;
    if (t.failure) co_return *t.failure;
    if (on_delta) on_delta({name + ">", {}});
    chat_response r;
    r.message.content = name;
    r.model = "m-1";
    r.usage = {10, 5, 0, 0, 1};
    co_return r;
  }

  std::function<turn(std::size_t)> script;
  std::size_t asked = 0, answered = 0;
  int active = 0;
};

struct hedged {
  explicit hedged(std::function<turn(std::size_t)> script, hedging_options o = {.after = 2s, .budget = 1})
      : model(std::make_shared<timed_model>(std::move(script))), front(hedge(model, std::move(o))) {
    request.messages.push_back({role::user, "hi"});
    request.on_failed_usage = [this](const billed_call& b) { billed.push_back(b); };
  }

  /// One call, to its end.
  result<chat_response> call(bool streaming = false) {
    result<chat_response> reply = fail(errc::internal, "not asked");
    auto once = [&]() -> awaitable<void> {
      if (streaming)
        reply = co_await front->stream(request, [this](const chat_delta& d) { said += d.text; });
      else
        reply = co_await front->complete(request);
      took = co_await now() - time_point{};
    };
    time.run(once());
    CHECK(model->active == 0);
    return reply;
  }

  /// So many calls, `width` at a time; how long each took, in order.
  std::vector<double> calls(int n, int width) {
    std::vector<double> times;
    auto all = [&]() -> awaitable<void> {
      scope lanes(co_await asio::this_coro::executor);
      for (int lane = 0; lane < width; ++lane) {
        lanes.spawn([&]() -> awaitable<void> {
          while (n-- > 0) {
            const time_point began = co_await now();
            const auto reply = co_await front->complete(request);
            CHECK(reply.has_value());
            const time_point ended = co_await now();
            times.push_back(to_seconds(ended - began));
          }
        });
      }
      co_await lanes.join();
    };
    time.run(all());
    CHECK(model->active == 0);
    std::sort(times.begin(), times.end());
    return times;
  }

  testing::virtual_time_context time;
  std::shared_ptr<timed_model> model;
  std::shared_ptr<chat_model> front;
  chat_request request;
  std::vector<billed_call> billed;
  std::string said;
  duration took{};
};

/// 0.5 to 2 s, of a hundred two that take twenty times as long.
std::function<turn(std::size_t)> stragglers() {
  return [random = std::mt19937_64(7)](std::size_t) mutable {
    const double s = std::clamp(std::lognormal_distribution<double>(0, 0.3)(random), 0.5, 2.0);
    return turn{from_seconds(random() % 100 < 2 ? 20 * s : s), {}, {}};
  };
}

}  // namespace

TEST_CASE(
    "a call without an answer for so long is asked again, the first answer wins and the other call is cancelled") {
  hedged h([](std::size_t n) { return turn{n == 0 ? 60s : 1s, {}, {}}; });
  const auto reply = h.call();
  REQUIRE(reply.has_value());
  CHECK(reply->message.content == "1");
  CHECK(reply->elapsed == 3s);
  CHECK(reply->hedge == hedge_outcome::answered);
  CHECK(h.took == 3s);
  CHECK(h.model->asked == 2);
  CHECK(h.model->answered == 1);
  REQUIRE(h.billed.size() == 1);
  CHECK(!h.billed[0].usage.known());
  CHECK(h.billed[0].model == "m");
}

TEST_CASE("the first call may win after its hedge went out, and one that is answered in time has none") {
  hedged slow([](std::size_t n) { return turn{n == 0 ? 3s : 60s, {}, {}}; });
  CHECK(slow.call()->hedge == hedge_outcome::overtaken);
  CHECK(slow.took == 3s);
  CHECK(slow.model->asked == 2);
  CHECK(slow.billed.size() == 1);
  hedged quick([](std::size_t) { return turn{1s, {}, {}}; });
  CHECK(quick.call()->hedge == hedge_outcome::none);
  CHECK(quick.model->asked == 1);
  CHECK(quick.billed.empty());
}

TEST_CASE("when both answer in the same step, one is the answer and what the other used is told") {
  hedged h([](std::size_t n) { return turn{n == 0 ? 3s : 1s, {}, {}}; });
  CHECK(h.call().has_value());
  REQUIRE(h.billed.size() == 1);
  CHECK(h.model->asked == 2);
  if (h.model->answered == 2) CHECK(h.billed[0].usage.total_tokens() == 15);
}

TEST_CASE("a fast failure has no hedge; a hedge that fails leaves the call alone, and a call that fails its hedge") {
  const error broken = fail(errc::server_error, "HTTP 500");
  hedged fast([&](std::size_t) { return turn{1s, broken, {}}; });
  CHECK(fast.call().error().is(errc::server_error));
  CHECK(fast.took == 1s);
  CHECK(fast.model->asked == 1);
  hedged second([&](std::size_t n) { return n == 0 ? turn{10s, {}, {}} : turn{1s, broken, {}}; });
  CHECK(second.call()->message.content == "0");
  CHECK(second.took == 10s);
  hedged first([&](std::size_t n) { return n == 0 ? turn{3s, broken, {}} : turn{5s, {}, {}}; });
  CHECK(first.call()->message.content == "1");
  CHECK(first.took == 7s);
  hedged both([&](std::size_t n) { return turn{5s, fail(errc::server_error, n == 0 ? "first" : "second"), {}}; });
  CHECK(both.call().error().message == "first");
}

TEST_CASE("a stream is asked again only before its first token, and the caller hears one of the two") {
  hedged late([](std::size_t n) { return n == 0 ? turn{90s, {}, 60s} : turn{20s, {}, 1s}; });
  const auto reply = late.call(true);
  REQUIRE(reply.has_value());
  CHECK(late.said == "<11>");
  CHECK(late.took == 22s);
  CHECK(late.model->answered == 1);
  hedged begun([](std::size_t) { return turn{90s, {}, 1s}; });
  CHECK(begun.call(true).has_value());
  CHECK(begun.said == "<00>");
  CHECK(begun.model->asked == 1);
}

TEST_CASE("calls with tools are asked once") {
  hedged h([](std::size_t) { return turn{60s, {}, {}}; });
  h.request.tools.push_back({"t", "", {}});
  CHECK(h.call().has_value());
  CHECK(h.model->asked == 1);
}

TEST_CASE("calls that ask before each try, as with a budget, are asked once") {
  hedged h([](std::size_t) { return turn{60s, {}, {}}; });
  h.request.before_retry = []() -> awaitable<result<void>> { co_return result<void>(); };
  CHECK(h.call().has_value());
  CHECK(h.model->asked == 1);
}

TEST_CASE("[L9] cancelling a call cancels both") {
  hedged h([](std::size_t) { return turn{60s, {}, {}}; });
  bool gave_up = false;
  auto all = [&]() -> awaitable<void> {
    auto call = [&]() -> awaitable<result<chat_response>> {
      auto reply = co_await h.front->complete(h.request);
      co_return reply;
    };
    const auto reply = co_await timeout<chat_response>(5s, "the call", call);
    gave_up = reply.has_error();
    CHECK(h.model->active == 0);
  };
  h.time.run(all());
  CHECK(gave_up);
  CHECK(h.model->asked == 2);
  CHECK(h.model->answered == 0);
  CHECK(h.time.now() == time_point(5s));
}

TEST_CASE("hedges are at most so many of all calls") {
  hedged h([](std::size_t) { return turn{10s, {}, {}}; }, {.after = 1s, .budget = 0.05});
  h.calls(1000, 20);
  CHECK(h.model->asked <= 1050);
  CHECK(h.model->asked >= 1040);
}

TEST_CASE("no hedge while the endpoint pauses, its circuit is open, calls wait, or something has failed since") {
  for (const auto& change : std::vector<std::function<void(limiter_status&)>>{
           [](limiter_status& s) { s.paused_until = time_point(1h); }, [](limiter_status& s) { s.circuit_open = true; },
           [](limiter_status& s) { s.waiting = 1; }, [](limiter_status& s) { s.throttled = 1; },
           [](limiter_status& s) { s.failed = 1; }}) {
    hedging_options o{.after = 2s, .budget = 1};
    o.limits = [change](const std::string&, time_point now) {
      limiter_status s;
      if (now > time_point(1s)) change(s);
      return s;
    };
    hedged h([](std::size_t n) { return turn{n == 0 ? 10s : 1s, {}, {}}; }, o);
    CHECK(h.call()->message.content == "0");
    CHECK(h.model->asked == 1);
  }
  hedging_options o{.after = 2s, .budget = 1};
  o.limits = [](const std::string&, time_point) { return limiter_status{}; };
  hedged free([](std::size_t n) { return turn{n == 0 ? 10s : 1s, {}, {}}; }, o);
  CHECK(free.call()->message.content == "1");
}

TEST_CASE("the time after which a call is asked again is learnt, once twenty calls have shown it") {
  hedged h(
      [](std::size_t n) {
        return turn{n == 30 ? 60s : std::chrono::milliseconds(n < 30 ? 1290 - 10 * n : 1000), {}, {}};
      },
      {.percentile = 0.95, .budget = 0.05});
  h.calls(30, 1);
  CHECK(h.model->asked == 30);
  const time_point began = h.time.now();
  h.calls(1, 1);
  CHECK(h.model->asked == 32);
  CHECK(h.time.now() - began == 1270ms + 1000ms);  // the percentile of those thirty, and the second call
}

TEST_CASE("a server of which two calls in a hundred straggle answers ninety-nine in a fraction of the time") {
  const auto at = [](const std::vector<double>& t, double part) {
    return t[static_cast<std::size_t>(part * (t.size() - 1))];
  };
  hedged plain(stragglers(), {.after = 1h});
  const auto without = plain.calls(5000, 16);
  for (const auto& o : {hedging_options{.after = 2500ms}, hedging_options{.percentile = 0.95}}) {
    hedged h(stragglers(), o);
    const auto with = h.calls(5000, 16);
    INFO("p50 " << at(without, 0.5) << " -> " << at(with, 0.5) << ", p99 " << at(without, 0.99) << " -> "
                << at(with, 0.99) << ", p99.9 " << at(without, 0.999) << " -> " << at(with, 0.999) << ", "
                << h.model->asked << " asked");
    CHECK(at(without, 0.99) > 10);
    CHECK(at(with, 0.99) < 5);
    CHECK(h.model->asked <= 5250);
  }
}

namespace {

/// The client behind the hedging, and one call of it.
struct hedged_client {
  testing::virtual_time_context time;
  std::shared_ptr<scripted_http_client> http = std::make_shared<scripted_http_client>();
  openai_endpoint at;
  std::shared_ptr<chat_model> front;
  int waits = 0;

  explicit hedged_client(const std::function<void(openai_options&)>& change = {}) {
    openai_options o;
    o.base_url = "http://127.0.0.1:8081/v1";
    o.model = "m";
    o.seed = 42;
    o.limits.emplace();
    if (change) change(o);
    at = make_openai_endpoint(http, o).value();
    front = hedge(at.chat, {.after = 2s, .budget = 1, .limits = [api = at.api](const std::string& m, time_point now) {
                              return api->limits(m, now);
                            }});
  }
  result<chat_response> call() {
    result<chat_response> reply = fail(errc::internal, "not asked");
    auto once = [&]() -> awaitable<void> {
      chat_request request = ask();
      request.while_waiting = [this](awaitable<void> until) {
        ++waits;
        return until;
      };
      reply = co_await front->complete(std::move(request));
    };
    time.run(once());
    return reply;
  }
  limiter_status limits() const { return *at.api->limits("m", time.now()); }
};

}  // namespace

TEST_CASE("a hedge passes the limiter as any call, and the one that is overtaken leaves no permit") {
  hedged_client c;
  c.http->replies(200, reply_saying("a").dump(), {}, 1min).replies(200, reply_saying("b").dump(), {}, 1s);
  const auto reply = c.call();
  REQUIRE(reply.has_value());
  CHECK(reply->message.content == "b");
  CHECK(c.limits().in_flight == 0);
  CHECK(c.limits().served == 1);
  CHECK(c.limits().waiting == 0);
}

TEST_CASE("a hedge that would have to wait for the limiter does not go out, and the slot stays with the call") {
  hedged_client c([](openai_options& o) { o.limits->max_in_flight = 1; });
  c.http->replies(200, reply_saying("a").dump(), {}, 10s);
  const auto reply = c.call();
  REQUIRE(reply.has_value());
  CHECK(reply->message.content == "a");
  CHECK(c.http->log().size() == 1);
  CHECK(c.waits == 1);  // the first of all
  CHECK(c.limits().waiting == 0);
}

TEST_CASE("a retry under way has no hedge, and a hedge that fails is not tried again") {
  hedged_client c;
  c.http->replies(500, "no").replies(200, reply_saying("a").dump(), {}, 10s);
  CHECK(c.call()->message.content == "a");
  CHECK(c.http->log().size() == 2);
  hedged_client d;
  d.http->replies(200, reply_saying("a").dump(), {}, 10s).replies(500, "no");
  CHECK(d.call()->message.content == "a");
  CHECK(d.http->log().size() == 2);
}
