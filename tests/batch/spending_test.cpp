#include "batch/spending.hpp"

#include <rapidcheck.h>

#include <vector>

#include "batch/prices.hpp"

using namespace corchestra;
using namespace corchestra::batch;
using corchestra::tests::micro;
using corchestra::tests::simple_prices;
using llm::money;

namespace {

request_line chat(std::size_t bytes, std::int64_t max_tokens, std::string model = "m") {
  request_line line;
  line.path = "chat/completions";
  line.model = std::move(model);
  line.body = std::string(bytes, 'x');
  line.max_tokens = max_tokens;
  return line;
}

llm::billed_call billed(std::int64_t in, std::int64_t out, std::string model = "m") {
  return {{.prompt_tokens = in, .completion_tokens = out, .calls = 1}, std::move(model), {}};
}

money most_of(const request_line& line) {
  static const llm::price_table prices = simple_prices();
  llm::bound_finder finder(&prices);
  return bound_of(line, finder).most.value_or(money());
}

struct purse {
  batch_totals totals;
  spending s;
  explicit purse(std::optional<money> budget)
      : s(budget, std::make_shared<const llm::price_table>(simple_prices()), totals) {}
};

}  // namespace

TEST_CASE("64 calls that reserve at once at a nearly empty budget never exceed it") {
  const request_line line = chat(100, 50);  // 200 micro-dollars at most
  purse p(micro(10'000 + 1000));
  p.totals.spent = micro(10'000);
  int held = 0;
  for (int i = 0; i < 64; ++i) held += p.s.reserve(line) ? 1 : 0;
  CHECK(held == 5);
  for (int i = 0; i < held; ++i) p.s.settle(line, 200, true, billed(100, 50));
  CHECK(p.totals.spent == micro(11'000));
  CHECK_FALSE(p.s.anything_reserved());
  CHECK_FALSE(p.s.reserve(line));
  CHECK_FALSE(p.s.reserve(chat(1, 0)));
}

TEST_CASE("what is spent and reserved is never above the budget, whatever ends in whatever way") {
  REQUIRE(rc::check("spent and reserved", [] {
    const money budget = micro(*rc::gen::inRange(0, 3000));
    purse p(budget);
    std::vector<request_line> open;
    money reserved;
    for (int step = *rc::gen::inRange(0, 120); step > 0; --step) {
      if (open.empty() || *rc::gen::inRange(0, 2) == 0) {
        const request_line line = chat(*rc::gen::inRange<std::size_t>(0, 300), *rc::gen::inRange(1, 200));
        const money most = most_of(line);
        const bool fits = p.totals.spent + reserved + most <= budget;
        RC_ASSERT(p.s.reserve(line) == fits);
        if (!fits) continue;
        reserved += most;
        open.push_back(line);
      } else {
        const auto at = *rc::gen::inRange<std::size_t>(0, open.size());
        const request_line line = open[at];
        open.erase(open.begin() + static_cast<std::ptrdiff_t>(at));
        reserved -= most_of(line);
        const auto in = *rc::gen::inRange<std::int64_t>(0, static_cast<std::int64_t>(line.body.size()) + 1);
        const auto out = *rc::gen::inRange<std::int64_t>(0, *line.max_tokens + 1);
        switch (*rc::gen::inRange(0, 5)) {
          case 0:
            p.s.release(line);
            break;
          case 1:
            p.s.settle(line, 200, true, {});
            break;
          case 2:
            p.s.settle(line, 0, *rc::gen::arbitrary<bool>(), {});
            break;
          case 3:
            p.s.settle(line, 500, true, {});
            break;
          default:
            p.s.settle(line, 200, true, billed(in, out));
        }
      }
      RC_ASSERT(p.totals.spent + reserved <= budget);
      RC_ASSERT(p.s.anything_reserved() == (reserved > money()));
    }
  }));
}

TEST_CASE("a call costs what its reply says, at the reply's model or else the request's") {
  purse p(std::nullopt);
  p.s.settle(chat(1, 1), 200, true, billed(1000, 100));
  CHECK(p.totals.spent == micro(1200));
  p.s.settle(chat(1, 1), 200, true, billed(1, 0, "m-of-the-server"));
  CHECK(p.totals.spent == micro(1201));
  CHECK(p.totals.usage.prompt_tokens == 1001);
  CHECK(p.totals.usage.calls == 2);
  CHECK(p.totals.unpriced_calls == 0);
}

TEST_CASE("an answer without usage costs its most where there is a budget, and is unpriced where there is none") {
  purse bounded(micro(1000));
  REQUIRE(bounded.s.reserve(chat(100, 50)));
  bounded.s.settle(chat(100, 50), 200, true, {});
  CHECK(bounded.totals.spent == micro(200));
  CHECK(bounded.totals.estimated_calls == 1);
  purse free(std::nullopt);
  free.s.settle(chat(100, 50), 200, true, {});
  CHECK(free.totals.spent == money());
  CHECK(free.totals.unpriced_calls == 1);
}

TEST_CASE("a call that was sent and got no reply costs its most; one that was refused or never sent costs nothing") {
  struct sample {
    int status;
    bool sent;
    std::int64_t cost;
  };
  for (const auto& [status, sent, cost] :
       std::vector<sample>{{0, true, 200}, {0, false, 0}, {429, true, 0}, {500, true, 0}}) {
    CAPTURE(status, sent);
    purse p(micro(1000));
    REQUIRE(p.s.reserve(chat(100, 50)));
    p.s.settle(chat(100, 50), status, sent, {});
    CHECK(p.totals.spent == micro(cost));
    CHECK_FALSE(p.s.anything_reserved());
  }
}

TEST_CASE("a model without a known price reserves nothing and is counted") {
  purse p(micro(1));
  CHECK(p.s.reserve(chat(100, 50, "unknown")));
  p.s.settle(chat(100, 50, "unknown"), 200, true, billed(10, 10, "unknown"));
  CHECK(p.totals.spent == money());
  CHECK(p.totals.unpriced_calls == 1);
}
