// Random calls against random budgets.
#include <rapidcheck.h>

#include <boost/asio/co_spawn.hpp>
#include <corchestra/async/sleep.hpp>
#include <random>

#include "budget_run.hpp"

using namespace corchestra;
using namespace corchestra::tests;
using namespace std::chrono_literals;

namespace {

/// Answers within the bound of each request, or fails in some way, and adds up what it would bill.
class metered_model final : public llm::chat_model {
 public:
  explicit metered_model(std::uint64_t seed) : random_(seed) {}
  awaitable<result<llm::chat_response>> complete(llm::chat_request request) override {
    const auto extent = llm::extent_of(request, "m");
    co_await sleep_for(std::chrono::milliseconds(1 + below(40)));
    const std::int64_t in = below(extent.bytes + 1), out = below(*extent.answer_tokens + 1);
    const auto kind = below(6);
    if (kind == 0) co_return fail(errc::rate_limited, "busy", retry_class::transient);
    billed += {in + out, in + 2 * out};
    if (kind == 1) co_return fail(errc::connection_lost, "reset", retry_class::transient);
    auto r = budget_run::reply(in, out);
    if (kind == 2) r.usage = {};
    if (kind == 3) {
      request.on_failed_usage({.usage = r.usage, .model = "m"});
      co_return fail(errc::refused, "no");
    }
    co_return r;
  }
  awaitable<result<llm::chat_response>> stream(llm::chat_request request,
                                               std::function<void(const llm::chat_delta&)>) override {
    return complete(std::move(request));
  }
  std::string default_model() const override { return "m"; }

  budget_amount billed;

 private:
  std::int64_t below(std::int64_t n) { return static_cast<std::int64_t>(random_() % static_cast<std::uint64_t>(n)); }
  std::mt19937_64 random_;
};

}  // namespace

TEST_CASE(
    "[L15] whatever calls cost, fail and are cancelled, the budgets are never passed, by their count or the bill's") {
  REQUIRE(rc::check("metered calls", [] {
    std::mt19937_64 random(*rc::gen::arbitrary<std::uint64_t>());
    const auto below = [&random](std::int64_t n) {
      return static_cast<std::int64_t>(random() % static_cast<std::uint64_t>(n));
    };
    budget_run r;
    const auto most = r.most();
    r.budget.run = {below(20 * most.tokens), below(20 * most.micro_dollars)};
    r.budget.agents["writer"].tokens = below(20 * most.tokens);
    if (below(3) == 0) r.budget.on_exhausted = on_exhausted::cancel;
    const auto model = std::make_shared<metered_model>(random());
    auto calls = r.many(64);
    for (auto& t : calls) {
      if (below(4) == 0) t.rules.get_or_emplace().budget.micro_dollars = below(3 * most.micro_dollars);
      const auto fits = std::min(*r.budget.run.tokens, *r.budget.agents["writer"].tokens);
      if (below(6) == 0) t.rules.get_or_emplace().reserve.tokens = std::min(below(most.tokens), fits);
      if (below(3) == 0) t.retry = retry_policy{.max_retries = 2, .first_delay = 20ms};
      if (below(8) == 0) t.limits.start_to_close = std::chrono::milliseconds(1 + below(40));
    }
    const auto stop_at = below(100);
    const auto ended = r.run(calls, model, [&](corchestra::run run) {
      if (stop_at < 50)
        asio::co_spawn(
            r.v.time.executor(),
            [](corchestra::run run, std::int64_t ms) -> awaitable<void> {
              co_await sleep_for(std::chrono::milliseconds(ms));
              run.request_cancel("enough");
            }(run, stop_at),
            [](std::exception_ptr) {});
    });
    RC_ASSERT(r.left.spent.tokens <= *r.budget.run.tokens);
    RC_ASSERT(r.left.spent.micro_dollars <= *r.budget.run.micro_dollars);
    RC_ASSERT(model->billed.tokens <= r.left.spent.tokens);
    RC_ASSERT(model->billed.micro_dollars <= r.left.spent.micro_dollars);
    RC_ASSERT(r.left.reserved.none());
  }));
}
