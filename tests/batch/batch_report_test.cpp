#include <corchestra/batch/batch_report.hpp>

#include "batch/batch_fixture.hpp"
#include "monitor/number_text.hpp"

using namespace corchestra;
using namespace corchestra::batch;
using namespace corchestra::tests;
using namespace std::chrono_literals;

namespace {

using lines = std::vector<std::string>;

batch_result example() {
  batch_result r;
  r.output = "out.jsonl";
  r.errors = "out.errors.jsonl";
  r.state = "out.state.db";
  batch_progress& p = r.progress;
  p.requests = p.wanted = 2000;
  p.done = p.ended = 2000;
  p.elapsed = 10s;
  return r;
}

}  // namespace

TEST_CASE("a batch that is done needs two lines") {
  CHECK(report_lines(example()) ==
        lines{"Batch ended: 2,000 done, 0 failed in " + to_text(duration(10s)) + " (200.0 requests/s)",
              "   Answers:   out.jsonl"});
}

TEST_CASE("the report tells failures, tokens, costs, and what to do about the rest") {
  batch_result r = example();
  r.end = batch_end::drained;
  r.progress.done = 1400;
  r.progress.failed = 100;
  r.progress.ended = 1500;
  r.progress.failures = {{"timeout", 60}, {"bad_request", 40}};
  r.progress.usage = {.prompt_tokens = 5000, .completion_tokens = 70, .calls = 1400};
  r.progress.spent = micro(1'500'000);
  r.progress.usage_missing = true;
  CHECK(report_lines(r) ==
        lines{"Batch interrupted; 500 requests are left: 1,400 done, 100 failed in " + to_text(duration(10s)) +
                  " (150.0 requests/s)",
              "   Answers:   out.jsonl",
              "   Failures:  out.errors.jsonl (60 timeout, 40 bad_request): --retry-failed sends them again",
              "   Tokens:    5,000 tokens in, 70 out", "   Cost:      $1.50, usage is missing",
              "   Warning:   the endpoint stopped telling the usage of its replies",
              "   Go on:     the same command again"});
}

TEST_CASE("each end has words of its own") {
  batch_result r = example();
  r.progress.done = 1999;
  const auto head = [&](batch_end e) {
    r.end = e;
    const std::string line = report_lines(r).front();
    return line.substr(0, line.find(':'));
  };
  CHECK(head(batch_end::finished) == "Batch ended; 1 request was not wanted");
  CHECK(head(batch_end::drained) == "Batch interrupted; 1 request is left");
  CHECK(head(batch_end::cancelled) == "Batch cancelled; 1 request is left");
  CHECK(head(batch_end::budget) == "Budget used up; 1 request is left");
  CHECK(head(batch_end::endpoint) == "Batch stopped; 1 request is left");
  r.why = fail(errc::authentication_failed, "bad key");
  CHECK(report_lines(r).at(1) == "   Why:       bad key");
}

TEST_CASE("the report as JSON has every number") {
  batch_result r = example();
  r.end = batch_end::budget;
  r.progress.done = 10;
  r.progress.failed = 2;
  r.progress.ended = 11;
  r.progress.failures = {{"timeout", 2}};
  r.progress.spent = micro(1'500'000);
  r.progress.budget = micro(2'000'000);
  r.progress.unpriced_calls = 3;
  r.progress.estimated_calls = 4;
  CHECK(to_json_value(r) == ordered_json{{"end", "budget"},
                                         {"why", nullptr},
                                         {"requests", 2000},
                                         {"done", 10},
                                         {"failed", 2},
                                         {"left", 1988},
                                         {"ended_in_this_run", 11},
                                         {"failures", {{"timeout", 2}}},
                                         {"wall_seconds", 10.0},
                                         {"usage", nullptr},
                                         {"spent_usd", "1.5"},
                                         {"budget_usd", "2"},
                                         {"unpriced_calls", 3},
                                         {"estimated_calls", 4},
                                         {"usage_missing", false},
                                         {"output", "out.jsonl"},
                                         {"errors", "out.errors.jsonl"},
                                         {"state", "out.state.db"}});
}

TEST_CASE("the plan of a batch tells its requests by model and what they may cost") {
  batch_fixture f(10, 1000);
  f.options.dry_run = true;
  const auto bytes = f.open()->input().models.at("m").bytes;
  CHECK(plan_lines(*f.open()) == lines{"10 requests to chat/completions, 10 to be sent",
                                       "   m: 10 requests, " + std::to_string(bytes) + " bytes",
                                       "   Cost:  not known for 10 requests"});
  f.options.prices = std::make_shared<const llm::price_table>(simple_prices());
  f.options.limit = 5;
  const auto found = plan_lines(*f.open());
  REQUIRE(found.size() == 3);
  CHECK(found[0] == "10 requests to chat/completions, 5 to be sent");
  const auto cost = [&](const llm::money& m) { return corchestra::detail::dollars_text(m.micro_dollars()); };
  const auto expected = f.open()->estimated_cost();
  CHECK(found[2] == "   Cost:  about " + cost(expected.likely) + ", at most " + cost(*expected.most));
  const auto plan = plan_json(*f.open());
  CHECK(plan["requests"] == 10);
  CHECK(plan["left"] == 5);
  CHECK(plan["path"] == "chat/completions");
  CHECK(plan["models"]["m"] ==
        ordered_json{{"requests", 10}, {"bytes", bytes}, {"max_tokens", 10'000}, {"without_max_tokens", 0}});
  CHECK(plan["unpriced_requests"] == 0);
  CHECK(plan["xxh128"].get<std::string>().size() == 32);
}
