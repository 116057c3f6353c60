// A batch's budget, which no run of it exceeds.
#include "batch/batch_fixture.hpp"

using namespace corchestra;
using namespace corchestra::batch;
using namespace corchestra::tests;
using namespace std::chrono_literals;

namespace {

struct budget_fixture : batch_fixture {
  llm::money most;  ///< of one request

  explicit budget_fixture(int lines, std::int64_t calls) : batch_fixture(lines, 100) {
    options.prices = std::make_shared<const llm::price_table>(simple_prices());
    options.concurrency = 64;
    batch_options look = options;
    look.dry_run = true;
    const auto bound = *batch_job::open(look)->estimated_cost().most;
    most = llm::money::of(bound.micro_dollars() / lines, 1'000'000'000);
    for (std::int64_t i = 0; i < calls; ++i) options.budget = options.budget.value_or(llm::money()) + most;
  }
};

}  // namespace

TEST_CASE("a budget ends the batch before it is exceeded, even when no reply tells its usage") {
  budget_fixture f(100, 10);
  f.api->answer = [](const std::string& id, int) { return answered_without_usage(id); };
  const auto r = f.run();
  CHECK(r.end == batch_end::budget);
  CHECK(r.progress.spent <= *f.options.budget);
  CHECK(r.progress.done >= 9);
  CHECK(r.progress.done <= 10);
  CHECK(r.progress.estimated_calls == r.progress.done);
  CHECK(f.api->most_in_flight <= 10);
  CHECK(f.lines().size() == r.progress.done);
}

TEST_CASE("what answers did cost less than they might have goes to others") {
  budget_fixture f(100, 10);
  f.api->answer = [](const std::string& id, int) { return answered(id, 10, 10); };
  const auto r = f.run();
  CHECK(f.api->most_in_flight <= 10);
  CHECK(r.progress.spent <= *f.options.budget);
  CHECK(r.progress.done > 20);
  CHECK(r.progress.spent == micro(30 * static_cast<std::int64_t>(r.progress.done)));
}

TEST_CASE("a budget is that of all runs together, and a larger one goes on") {
  budget_fixture f(30, 5);
  f.api->answer = [](const std::string& id, int) { return answered_without_usage(id); };
  const auto first = f.run();
  REQUIRE(first.end == batch_end::budget);
  const std::size_t calls = f.api->sent.size();
  const auto second = f.run();
  CHECK(second.end == batch_end::budget);
  CHECK(f.api->sent.size() == calls);
  f.options.budget = *f.options.budget + *f.options.budget;
  const auto third = f.run();
  CHECK(third.progress.spent <= *f.options.budget);
  CHECK(third.progress.done > first.progress.done);
}

TEST_CASE("what was under way when the process died counts as spent") {
  budget_fixture f(30, 12);
  f.options.concurrency = 4;
  f.api->answer = [](const std::string& id, int) { return answered_without_usage(id); };
  temp_dir left;  // what a kill -9 leaves
  std::size_t sent = 0;
  f.api->on_sent = [&](const std::string& id) {
    if (id != "r6") return;
    sent = f.api->sent.size();
    std::filesystem::copy(f.dir.path(), left.path(), std::filesystem::copy_options::recursive);
  };
  f.run();
  REQUIRE(sent >= 6);

  f.options.output = left.path() / "out.jsonl";
  f.api->on_sent = [](const std::string&) {};
  const std::size_t before = f.api->sent.size();
  const auto r = f.run();
  CHECK(r.end == batch_end::budget);
  CHECK(r.progress.spent <= *f.options.budget);
  const std::size_t all = sent + (f.api->sent.size() - before);
  CHECK(all > sent);
  CHECK(f.most.micro_dollars() * static_cast<std::int64_t>(all) <= f.options.budget->micro_dollars());
  CHECK(f.run().progress.spent == r.progress.spent);
}

TEST_CASE("answers that the state knew nothing of are paid for, whatever model they name") {
  budget_fixture f(30, 100);
  f.options.concurrency = 1;
  f.api->answer = [](const std::string& id, int) {
    llm::api_reply r = answered(id, 10, 10);
    json body = json::parse(r.body);
    body["model"] = "m-of-yesterday";
    r.body = body.dump();
    return r;
  };
  f.api->takes = [](const std::string&) { return 100ms; };
  temp_dir left;
  f.api->on_sent = [&](const std::string& id) {
    if (id == "r6") std::filesystem::copy(f.dir.path(), left.path(), std::filesystem::copy_options::recursive);
  };
  f.run();
  f.options.output = left.path() / "out.jsonl";
  const auto resumed = f.open();
  REQUIRE(resumed);
  const auto p = resumed->progress(f.time.now());
  CHECK(p.done == 5);  // the sixth was not written yet
  CHECK(p.unpriced_calls == 0);
  CHECK(p.spent >= micro(6 * 30) + f.most);
  CHECK(p.spent <= micro(7 * 30) + f.most);
}

TEST_CASE("tries that fail are reserved one by one, and one that does not fit leaves its request pending") {
  budget_fixture f(3, 3);
  f.api->failing_tries = [](const std::string& id) { return id == "r1" ? 1 : 0; };
  f.api->takes = [](const std::string& id) { return id == "r1" ? 2s : 1s; };
  f.api->answer = [](const std::string& id, int) { return answered_without_usage(id); };
  auto r = f.run();
  CHECK(r.end == batch_end::finished);
  CHECK(r.progress.done == 3);

  budget_fixture g(3, 2);
  g.options.concurrency = 1;
  g.api->failing_tries = [](const std::string& id) { return id == "r1" ? 1 : 0; };
  g.api->answer = [](const std::string& id, int) { return answered_without_usage(id); };
  r = g.run();
  CHECK(r.end == batch_end::budget);
  CHECK(r.progress.failed == 0);
  CHECK(r.progress.spent <= *g.options.budget);
}

TEST_CASE("another try that does not fit is no failure of the request, even while the batch drains") {
  budget_fixture f(2, 2);
  f.options.concurrency = 2;
  std::optional<batch_job> job = f.open().value();
  // r1 fails while r0, answered at twice its bound, has used up the rest.
  f.api->takes = [](const std::string& id) { return id == "r1" ? 3s : 1s; };
  f.api->failing_tries = [](const std::string& id) { return id == "r1" ? 1 : 0; };
  f.api->answer = [](const std::string& id, int) { return answered(id, 2000, 500); };
  f.api->on_sent = [&](const std::string& id) {
    if (id == "r1") job->drain();
  };
  const auto r = f.run(*job);
  CHECK(r.end == batch_end::drained);
  CHECK(r.progress.done == 1);
  CHECK(r.progress.failed == 0);
  CHECK(f.lines("out.errors.jsonl").empty());
}

TEST_CASE("a budget without a known price, or without a bound, is refused by name") {
  batch_fixture f;
  f.options.budget = micro(1000);
  CHECK(f.refusal() ==
        "the price of model 'm' is not known, and a budget needs it: give --prices FILE, or --allow-unpriced");
  llm::model_price input_only;
  input_only.set(llm::token_kind::input, 1);
  llm::price_table half;
  half.set("m", input_only);
  f.options.prices = std::make_shared<const llm::price_table>(half);
  CHECK(f.refusal() ==
        "the price of model 'm' is not known, and a budget needs it: give --prices FILE, or --allow-unpriced");
  f.options.allow_unpriced = true;
  CHECK(f.refusal() == "none");
}

TEST_CASE("a budget that comes with a later run needs bounds as well") {
  batch_fixture f;
  f.options.input = f.dir.write("in.jsonl", openai_line("r0", R"({"model":"m","messages":[{"content":"r0"}]})"));
  f.options.prices = std::make_shared<const llm::price_table>(simple_prices());
  f.options.limit = 1;
  f.run();
  f.options.budget = micro(1'000'000);
  CHECK(f.refusal() ==
        f.options.input.string() +
            ":1: max_tokens is needed where there is a budget: name it in the request, or by --max-tokens");
}

TEST_CASE("usage that was there and is missing now is told") {
  batch_fixture f(30);
  std::string warned;
  f.options.logger =
      logger(log_level::warn, [&](log_level, std::string_view, std::string_view message) { warned += message; });
  f.api->answer = [](const std::string& id, int) { return id < "r14" ? answered(id) : answered_without_usage(id); };
  f.options.concurrency = 1;
  const auto r = f.run();
  CHECK(r.progress.usage_missing);
  CHECK(warned == "the last 10 replies say no usage, and earlier ones did: costs and tokens are counted too low");
}
