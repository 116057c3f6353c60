#include <corchestra/core/model_call_metrics.hpp>

#include <catch2/catch_test_macros.hpp>

#include <corchestra/core/model_call_facts.hpp>

using namespace corchestra;

namespace {

event ended_call(json data, const token_usage* usage = nullptr, const error* failure = nullptr) {
  event e;
  e.type = event_type::model_call_ended;
  e.data = std::move(data);
  e.usage = usage;
  e.error = failure;
  return e;
}

}  // namespace

TEST_CASE("a histogram counts a value that equals a bound below it") {
  static constexpr double bounds[] = {1, 10};
  histogram h(bounds);
  for (const double v : {1.0, 1.5, 10.0, 11.0}) h.add(v);
  CHECK(h.counts() == std::vector<std::uint64_t>{1, 2, 1});
  CHECK(h.count() == 4);
  CHECK(h.sum() == 23.5);
  CHECK(h.least() == 1);
  CHECK(h.most() == 11);
}

TEST_CASE("calls of models are counted by model and error, with tokens, time and cost") {
  model_call_metrics m;
  token_usage usage{100, 20, 0, 0, 1};
  CHECK(m(ended_call(
      {{"call", 1}, {"model", "a"}, {"response_model", "a-1"}, {"elapsed_ms", 1500}, {"cost_usd", "0.25"}}, &usage)));
  CHECK(m(ended_call(
      {{"call", 2}, {"model", "a"}, {"response_model", "a-1"}, {"elapsed_ms", 10}, {"hedge", "answered"}}, &usage)));
  const error lost = fail(errc::connection_lost, "gone");
  CHECK(m(ended_call({{"call", 3}, {"model", "a"}, {"elapsed_ms", 5}}, nullptr, &lost)));
  REQUIRE(m.series().size() == 2);
  const auto& answered = m.series().at({"a", "a-1", ""});
  CHECK(answered.seconds.count() == 2);
  CHECK(answered.seconds.sum() == 1.51);
  CHECK(answered.input_tokens.sum() == 200);
  CHECK(answered.output_tokens.sum() == 40);
  CHECK(answered.dollars == 0.25);
  CHECK(answered.unpriced == 1);
  CHECK(answered.hedged == 1);
  CHECK(answered.answered_by_hedge == 1);
  const auto& failed = m.series().at({"a", "", "connection_lost"});
  CHECK(failed.seconds.count() == 1);
  CHECK(failed.input_tokens.count() == 0);
  CHECK(failed.unpriced == 0);
}

TEST_CASE("a bill counts by itself only when no end of its call follows") {
  token_usage usage{1, 2, 0, 0, 1};
  event bill;
  bill.type = event_type::model_call;
  bill.usage = &usage;
  bill.data = {{"call", 1}, {"model", "a"}};
  CHECK_FALSE(facts_of_model_call(bill));
  bill.data = {{"model", "a"}, {"elapsed_ms", 7}};
  const auto f = facts_of_model_call(bill);
  REQUIRE(f);
  CHECK(f->asked == "a");
  CHECK(f->answered == "a");
  CHECK(f->elapsed == std::chrono::milliseconds(7));
  bill.data = {};
  CHECK(facts_of_model_call(bill)->asked.empty());
  CHECK_FALSE(facts_of_model_call(event{}));
}

TEST_CASE("facts that make no sense are as good as none") {
  const auto f = facts_of_model_call(
      ended_call({{"call", "x"}, {"model", 1}, {"elapsed_ms", -5}, {"cost_usd", "nan"}, {"http_attempts", 1.5}}));
  REQUIRE(f);
  CHECK(f->number == 0);
  CHECK(f->asked.empty());
  CHECK(f->elapsed == duration{});
  CHECK_FALSE(f->dollars);
  CHECK(f->http_attempts == 0);
}

TEST_CASE("thousands of models are counted in bounded memory") {
  model_call_metrics m;
  for (int i = 0; i < 5'000; ++i) m(ended_call({{"call", 1}, {"model", std::to_string(i)}, {"elapsed_ms", 1}}));
  CHECK(m.series().size() == 201);
  CHECK(m.series().at({"_other", "_other", ""}).seconds.count() == 4'800);
}
