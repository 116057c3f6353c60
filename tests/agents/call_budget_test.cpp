// What calls of models take from budgets: the most before each try, what they cost after it.
#include "budget_run.hpp"
#include "llm/replies.hpp"
#include "support/show.hpp"

using namespace corchestra;
using namespace corchestra::tests;
using namespace std::chrono_literals;

TEST_CASE("[L15] [L30] 64 tasks at once whose calls cost the most they may stop right below the budget") {
  for (const bool money : {false, true}) {
    budget_run r;
    const auto most = r.most();
    if (money) {
      r.budget.run.micro_dollars = 5 * most.micro_dollars + most.micro_dollars / 2;
    } else {
      r.budget.run.tokens = 5 * most.tokens + most.tokens / 2;
    }
    r.answer_all(*r.model, 64, most.tokens - 50, 50);
    const auto ended = r.run(r.many(64));
    CHECK(r.model->requests().size() == 5);
    CHECK(r.count(ended, task_state::completed) == 5);
    CHECK(r.count(ended, task_state::limit_exceeded) == 59);
    CHECK(r.left.spent == budget_amount{5 * most.tokens, 5 * most.micro_dollars});
  }
}

TEST_CASE("calls that cost less than they might let those that wait go out, as many as the budget has for") {
  budget_run r;
  const auto most = r.most();
  r.budget.run.micro_dollars = 5 * most.micro_dollars;
  r.answer_all(*r.model, 64, 10, 5);  // 20 micro-dollars
  const auto ended = r.run(r.many(64));
  const auto sent = static_cast<std::int64_t>(r.model->requests().size());
  CHECK(sent == (5 * most.micro_dollars - most.micro_dollars) / 20 + 1);
  CHECK(r.left.spent.micro_dollars == 20 * sent);
  CHECK(r.count(ended, task_state::completed) == static_cast<std::size_t>(sent));
  CHECK(ended.find("t63")->reason.starts_with("budget: the run's budget of $"));
}

TEST_CASE("each request of a conversation with tools, and of one about JSON, reserves for itself") {
  budget_run r;
  llm::tool look;
  look.name = "look";
  look.call = [](json) -> awaitable<result<json>> { co_return json("nothing"); };
  r.options.tools.push_back(look);
  r.options.output_schema = json{{"type", "integer"}};
  r.budget.run.tokens = 100'000;
  r.model->answer_with([](const llm::chat_request&) -> result<llm::chat_response> {
    auto a = budget_run::reply(100, 10);
    a.message.content.clear();
    a.message.tool_calls.push_back({"1", "look", "{}"});
    a.finish = llm::finish_reason::tool_calls;
    return a;
  });
  r.model->answer_with([](const llm::chat_request&) -> result<llm::chat_response> {
    auto a = budget_run::reply(100, 10);
    a.message.content = "words";
    return a;
  });
  r.model->answer_with([](const llm::chat_request&) -> result<llm::chat_response> {
    auto a = budget_run::reply(100, 10);
    a.message.content = "7";
    return a;
  });
  CHECK(r.run({r.task("t", "Do it")}).success());
  CHECK(r.model->requests().size() == 3);
  CHECK(r.left.spent.tokens == 330);

  budget_run short_of;
  short_of.options.output_schema = json{{"type", "integer"}};
  short_of.budget.run.tokens = 1000;
  short_of.model->answer_with(
      [](const llm::chat_request&) -> result<llm::chat_response> { return budget_run::reply(900, 0); });
  const auto ended = short_of.run({short_of.task("t", "Do it")});
  CHECK(ended.find("t")->state == task_state::limit_exceeded);
  CHECK(short_of.model->requests().size() == 1);
}

TEST_CASE("a reply without usage counts as the most it may have cost, and its events say so") {
  budget_run r;
  const auto most = r.most();
  r.budget.run.micro_dollars = 10 * most.micro_dollars;
  r.model->answer_with([](const llm::chat_request&) -> result<llm::chat_response> {
    auto a = budget_run::reply(0, 0);
    a.usage = {};
    return a;
  });
  CHECK(r.run({r.task("t", "Do it")}).success());
  CHECK(r.left.spent == most);
  const json estimated = {{"tokens", most.tokens}, {"micro_dollars", most.micro_dollars}};
  CHECK(r.of(event_type::model_call).at(0).data["estimated"] == estimated);
  CHECK(r.of(event_type::model_call_ended).at(0).data["estimated"] == estimated);
}

TEST_CASE("a reply whose price is not known counts its tokens, and its money as the most") {
  budget_run r;
  const auto most = r.most();
  r.budget.run = {10'000, 10'000};
  r.model->answer_with([](const llm::chat_request&) -> result<llm::chat_response> {
    auto a = budget_run::reply(10, 5);
    a.service_tier = "priority";
    return a;
  });
  r.run({r.task("t", "Do it")});
  CHECK(r.left.spent == budget_amount{15, most.micro_dollars});
  CHECK(r.of(event_type::model_call).at(0).data["estimated"] == json{{"micro_dollars", most.micro_dollars}});
}

TEST_CASE("tries: refused ones cost nothing, lost ones the most, billed ones what they say; each reserves anew") {
  budget_run r;
  const auto most = r.most();
  json broken = reply_saying("");
  broken["error"] = {{"message", "the engine stopped"}, {"code", 503}};
  broken["model"] = "m";
  json done = reply_saying("Done.");
  done["model"] = "m";
  auto http = std::make_shared<scripted_http_client>();
  http->replies(503, R"({"error":{"message":"busy"}})").replies(200, broken.dump()).replies(200, done.dump());
  r.budget.run.tokens = 10'000;
  CHECK(r.run({r.task("t", "Do it")}, r.client(http)).success());
  CHECK(r.left.spent == budget_amount{20, 2 * (7 + 2 * 3)});

  budget_run lost;
  auto line = std::make_shared<scripted_http_client>();
  line->breaks(fail(errc::connect_failed, "nobody there")).breaks(fail(errc::connection_lost, "reset"));
  line->replies(200, done.dump());
  lost.budget.run.tokens = 10'000;
  CHECK(lost.run({lost.task("t", "Do it")}, lost.client(line)).success());
  CHECK(lost.left.spent.tokens == most.tokens + 10);
  CHECK(lost.of(event_type::model_call_ended).at(0).data["estimated"]["tokens"] == most.tokens);
}

TEST_CASE("another try that might cost more than is left is not made") {
  budget_run r;
  const auto most = r.most();
  auto http = std::make_shared<scripted_http_client>();
  http->breaks(fail(errc::connection_lost, "reset")).replies(200, reply_saying("Done.").dump());
  r.budget.run.tokens = 2 * most.tokens - 1;
  const auto ended = r.run({r.task("t", "Do it")}, r.client(http));
  CHECK(ended.find("t")->state == task_state::limit_exceeded);
  CHECK(http->log().size() == 1);
  CHECK(r.left.spent.tokens == most.tokens);
  CHECK(ended.find("t")->reason.starts_with("another try: budget: the run's budget of "));
  CHECK(ended.find("t")->reason.ends_with("; the last one failed: reset"));
}

TEST_CASE("a call that is cancelled on its way counts as the most, one that still waits for the limiter as nothing") {
  for (const bool limited : {false, true}) {
    budget_run r;
    const auto most = r.most();
    auto http = std::make_shared<scripted_http_client>();
    for (int i = 0; i < 2; ++i) http->replies(200, reply_saying("Done.").dump(), {}, 30s);
    llm::openai_options o;
    o.base_url = "http://127.0.0.1:8081/v1";
    o.model = "m";
    if (limited) o.limits.emplace().requests_per_minute = 1;
    r.options.stream = false;
    r.budget.run.tokens = 10'000;
    auto late = r.task("late", "Do it");
    late.limits.schedule_to_close = 10s;
    auto first = r.task("first", "Do it");
    first.priority = 50;
    r.run({first, late}, llm::make_openai_client(http, o).value());
    CHECK(http->log().size() == (limited ? 1u : 2u));
    CHECK(r.left.spent.tokens == 10 + (limited ? 0 : most.tokens));
  }
}

TEST_CASE("a budget in dollars refuses calls whose cost has no bound before anything is sent") {
  budget_run unpriced;
  unpriced.options.model = "another";
  unpriced.budget.run.micro_dollars = 1'000'000;
  const auto no_price = unpriced.run({unpriced.task("t", "Do it")});
  CHECK(
      no_price.find("t")->reason ==
      "task 't': the price of model 'another' is not known, and a budget in dollars needs it: add it to the prices, or "
      "let calls without a bound go out (allow_unpriced)");
  budget_run boundless;
  boundless.options.max_tokens.reset();
  boundless.budget.agents["writer"].micro_dollars = 1'000'000;
  const auto no_limit = boundless.run({boundless.task("t", "Do it")});
  CHECK(no_limit.find("t")->reason ==
        "task 't': max_tokens is needed where there is a budget in dollars: set it for the task or its agent, or let "
        "calls without a bound go out (allow_unpriced)");
  CHECK(no_limit.find("t")->error->is(errc::invalid_argument));
  CHECK(unpriced.model->requests().empty());
  CHECK(boundless.model->requests().empty());

  budget_run allowed;
  allowed.options.model = "another";
  allowed.options.max_tokens.reset();
  allowed.options.allow_unpriced = true;
  allowed.budget.run.micro_dollars = 1'000'000;
  allowed.model->say("Done.");
  CHECK(allowed.run({allowed.task("t", "Do it")}).success());
}

TEST_CASE("a budget of tokens counts prompts in advance where nothing limits the answers") {
  budget_run r;
  r.options.max_tokens.reset();
  r.budget.run.tokens = r.most().tokens;
  r.answer_all(*r.model, 3, 10, 500);
  r.run(r.many(1));
  CHECK(r.model->requests().size() == 1);
  CHECK(r.left.spent.tokens == 510);
}

TEST_CASE("on_exhausted: stop lets the calls under way finish, cancel stops them with the reason budget") {
  for (const auto policy : {on_exhausted::stop, on_exhausted::cancel}) {
    budget_run r;
    const auto most = r.most();
    r.budget.run.tokens = 3 * most.tokens;
    r.budget.on_exhausted = policy;
    r.answer_all(*r.model, 3, 10, 5);
    auto calls = r.many(3);
    calls.push_back(r.task("big", "Do it"));
    calls.back().options = json{{"max_tokens", 100'000}};
    const auto ended = r.run(calls);
    CHECK(r.model->requests().size() == 3);
    if (policy == on_exhausted::stop) {
      CHECK(r.count(ended, task_state::completed) == 3);
      CHECK(ended.find("big")->state == task_state::limit_exceeded);
      CHECK(r.left.spent.tokens == 45);
    } else {
      CHECK(r.count(ended, task_state::cancelled) == 4);
      CHECK(ended.find("t0")->cancelled == cancel_reason::budget);
      CHECK(r.left.spent.tokens == 3 * most.tokens);  // they were on their way
    }
  }
}

TEST_CASE("an endpoint that told usage and no longer does is warned of once") {
  budget_run r;
  r.options.usage = std::make_shared<llm::usage_watch>();
  r.answer_all(*r.model, 1, 10, 5);
  for (int i = 0; i < 30; ++i)
    r.model->answer_with(
        [](const llm::chat_request&) -> result<llm::chat_response> {
          auto a = budget_run::reply(0, 0);
          a.usage = {};
          return a;
        },
        2s);
  r.run(r.many(31));
  const auto warnings = r.of(event_type::warning);
  REQUIRE(warnings.size() == 1);
  CHECK(warnings[0].data["message"].get<std::string>().starts_with("the last 10 replies of the endpoint say no usage"));

  budget_run never;
  for (int i = 0; i < 15; ++i)
    never.model->answer_with([](const llm::chat_request&) -> result<llm::chat_response> {
      auto a = budget_run::reply(0, 0);
      a.usage = {};
      return a;
    });
  never.run(never.many(15));
  CHECK(never.of(event_type::warning).empty());
}
