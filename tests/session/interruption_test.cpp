#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <catch2/catch_test_macros.hpp>

#include <corchestra/async/sleep.hpp>

#include "stage.hpp"

using namespace corchestra;
using tests::chat_reply;
using tests::json_type;
using tests::stage;

namespace {

constexpr std::string_view chain = R"(
limits: {max_concurrent_tasks: 1}
agents: {a: {kind: llm, model: m, stream: false}}
tasks:
  - {id: one, agent: a, description: First, depends_on: []}
  - {id: two, agent: a, description: Second, depends_on: [one]}
  - {id: three, agent: a, description: Third, depends_on: [two]}
)";

/// A model whose calls reach the test, which decides when they are answered.
struct gate {
  std::function<void()> on_call;
  bool answers = true;

  net::request_handler handler() {
    return [this](net::server_request, net::server_reply& reply) -> awaitable<void> {
      on_call();
      if (!answers) co_await sleep_for(std::chrono::hours(1));  // until the client hangs up
      const auto sent = co_await reply.send(200, json_type(), chat_reply("done"));
      (void)sent;
    };
  }
};

}  // namespace

TEST_CASE("a drained session finishes what runs, starts nothing new and has complete files") {
  stage s;
  gate g;
  std::optional<run> started;
  g.on_call = [&] { started->request_drain(); };
  auto o = s.options(chain, {{"endpoint.base_url", s.serve(g.handler())}});
  o.on_started = [&](run r) { started = std::move(r); };
  const auto r = s.run(std::move(o));
  REQUIRE(r);
  CHECK(r->run.state == run_state::interrupted);
  CHECK(exit_code_of(*r) == exit_code::interrupted);
  const auto lines = s.read_lines("results.jsonl");
  REQUIRE(lines.size() == 1);
  CHECK(lines[0]["id"] == "one");
  CHECK(lines[0]["state"] == "COMPLETED");
  CHECK(s.read_json("summary.json")["state"] == "INTERRUPTED");
  CHECK(s.read_lines("events.jsonl").back()["type"] == "run_ended");
}

TEST_CASE("[L9] a cancelled run ends at once with every task ended") {
  stage s;
  gate g;
  g.answers = false;
  std::optional<run> started;
  g.on_call = [&] { started->request_cancel("interrupted twice"); };
  auto o = s.options(chain, {{"endpoint.base_url", s.serve(g.handler())}});
  o.on_started = [&](run r) { started = std::move(r); };
  const auto r = s.run(std::move(o));
  REQUIRE(r);
  CHECK(r->run.state == run_state::cancelled);
  CHECK(exit_code_of(*r) == exit_code::interrupted);
  CHECK(s.read_lines("results.jsonl").size() == 3);
}

TEST_CASE("cancelling the session's coroutine cancels the run and still completes its files") {
  stage s;
  gate g;
  g.answers = false;
  asio::cancellation_signal stop;
  g.on_call = [&] { stop.emit(asio::cancellation_type::terminal); };
  auto o = s.options(chain, {{"endpoint.base_url", s.serve(g.handler())}});
  std::optional<result<session_result>> outcome;
  std::exception_ptr failure;
  asio::co_spawn(s.context, run_session(std::move(o)),
                 asio::bind_cancellation_slot(stop.slot(), [&](std::exception_ptr e, result<session_result> r) {
                   failure = e;
                   outcome.emplace(std::move(r));
                 }));
  while (!outcome && s.context.run_one() > 0) {
  }
  REQUIRE(outcome);
  CHECK_FALSE(failure);
  REQUIRE(*outcome);
  CHECK((*outcome)->run.state == run_state::cancelled);
  CHECK((*outcome)->run.reason == "user: the session was cancelled");
  CHECK(s.read_lines("results.jsonl").size() == 3);
  CHECK(s.read_json("summary.json")["state"] == "CANCELLED");
}

TEST_CASE("cancelling the session during the analysis leaves nothing behind") {
  stage s;
  gate g;
  g.answers = false;
  asio::cancellation_signal stop;
  g.on_call = [&] { stop.emit(asio::cancellation_type::terminal); };
  auto o = s.options(R"(
agents: {a: {kind: llm, model: m}}
tasks: [{id: one, agent: a, description: First}, {id: two, agent: a, description: Second}]
)",
                     {{"endpoint.base_url", s.serve(g.handler())}});
  std::optional<result<session_result>> outcome;
  std::exception_ptr failure;
  asio::co_spawn(s.context, run_session(std::move(o)),
                 asio::bind_cancellation_slot(stop.slot(), [&](std::exception_ptr e, result<session_result> r) {
                   failure = e;
                   outcome.emplace(std::move(r));
                 }));
  while (!outcome && s.context.run_one() > 0) {
  }
  REQUIRE(outcome);
  CHECK_FALSE(failure);
  REQUIRE(outcome->has_error());
  CHECK(outcome->error().is(errc::cancelled));
  CHECK(exit_code_of(outcome->error()) == exit_code::interrupted);
  CHECK_FALSE(std::filesystem::exists(s.folder.path() / "out"));
}
