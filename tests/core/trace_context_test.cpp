#include <catch2/catch_test_macros.hpp>
#include <set>

#include <corchestra/core/run_trace.hpp>

#include "support/show.hpp"

using namespace corchestra;

namespace {
constexpr std::string_view sample = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
}

TEST_CASE("a traceparent is read and written the same") {
  const auto c = parse_traceparent(sample, "vendor=a,other=b");
  REQUIRE(c);
  CHECK(to_hex(c->trace) == "0af7651916cd43dd8448eb211c80319c");
  CHECK(to_hex(c->span) == "b7ad6b7169203331");
  CHECK(c->sampled());
  CHECK(c->state == "vendor=a,other=b");
  CHECK(c->traceparent() == sample);
  CHECK_FALSE(parse_traceparent("00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-00")->sampled());
  CHECK(trace_context{}.traceparent().empty());
}

TEST_CASE("a traceparent of a later version is understood, one that breaks the standard is refused") {
  CHECK(parse_traceparent("01-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01-more"));
  for (const char* bad : {"", "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331",
                          "00-0AF7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
                          "00-0af7651916cd43dd8448eb211c80319c-b7ad6b716920333g-01",
                          "ff-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
                          "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01-more",
                          "01-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01.more",
                          "00-00000000000000000000000000000000-b7ad6b7169203331-01",
                          "00-0af7651916cd43dd8448eb211c80319c-0000000000000000-01"}) {
    INFO(bad);
    const auto c = parse_traceparent(bad);
    REQUIRE_FALSE(c);
    CHECK(c.error().is(errc::invalid_argument));
  }
}

TEST_CASE("a tracestate that cannot be sent in a header is left out") {
  CHECK(parse_traceparent(sample, "a=b\r\nX-Evil: 1")->state.empty());
  CHECK(parse_traceparent(sample, std::string(513, 'a'))->state.empty());
}

TEST_CASE("a run's trace has the digits of its id, or its parent's id") {
  const run_trace own("01990000-1111-7222-8333-444455556666", {});
  CHECK(to_hex(own.trace()) == "01990000111172228333444455556666");
  CHECK(to_hex(run_trace("01990000-1111-7222-8333-444455556666", *parse_traceparent(sample)).trace()) ==
        "0af7651916cd43dd8448eb211c80319c");
  CHECK_FALSE(run_trace("my run", {}).trace().none());
  CHECK(run_trace("my run", {}).trace() != run_trace("my other run", {}).trace());
}

TEST_CASE("spans of a run have ids of their own, the same each time they are asked for") {
  const run_trace a("run-1", *parse_traceparent(sample)), b("run-2", *parse_traceparent(sample));
  std::set<span_id> ids{0};
  std::size_t made = 1;
  for (const run_trace* t : {&a, &b}) {
    for (const span_id id : {t->run(), t->analysis()}) ids.insert(id), ++made;
    for (std::uint32_t task = 0; task < 50; ++task) {
      ids.insert(t->task(task)), ++made;
      for (std::uint32_t attempt = 1; attempt < 4; ++attempt) {
        for (const span_id id : {t->attempt(task, attempt), t->model_call(task, attempt, 1),
                                 t->model_call(task, attempt, 2), t->other_call(task, attempt, 1)})
          ids.insert(id), ++made;
      }
    }
  }
  CHECK(ids.size() == made);
  CHECK(a.attempt(3, 2) == run_trace("run-1", *parse_traceparent(sample)).attempt(3, 2));
}
