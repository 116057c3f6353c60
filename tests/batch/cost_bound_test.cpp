#include "batch/cost_bound.hpp"

#include <rapidcheck.h>

#include <array>
#include <tuple>
#include <vector>

#include "batch/prices.hpp"

using namespace corchestra;
using namespace corchestra::batch;
using corchestra::tests::micro;
using corchestra::tests::simple_prices;
using llm::price_tier;
using llm::token_kind;

namespace {

request_line chat_request_of(std::size_t bytes, std::optional<std::int64_t> max_tokens, std::int64_t answers = 1) {
  request_line line;
  line.path = "chat/completions";
  line.model = "m";
  line.body = std::string(bytes, 'x');
  line.max_tokens = max_tokens;
  line.answers = answers;
  return line;
}

llm::price_table table_of(const llm::model_price& p) {
  llm::price_table t;
  t.set("m", p);
  return t;
}

cost_bound bound_of(const request_line& line, const llm::price_table& prices) {
  llm::bound_finder finder(&prices);
  return batch::bound_of(line, finder);
}

}  // namespace

TEST_CASE("a call costs at most a token a byte and all the answers it may give") {
  CHECK(bound_of(chat_request_of(1000, 50), simple_prices()).most == micro(1100));
  CHECK(bound_of(chat_request_of(1000, 50, 3), simple_prices()).most == micro(1300));
  CHECK(bound_of(chat_request_of(0, 1, 5000), simple_prices()).most == micro(10'000));
}

TEST_CASE("a call whose answers are no text costs its input") {
  request_line line = chat_request_of(1000, {});
  line.path = "embeddings";
  CHECK(bound_of(line, simple_prices()).most == micro(1000));
}

TEST_CASE("without a price or a limit there is no bound, and it says which is missing") {
  CHECK_FALSE(bound_of(chat_request_of(10, {}), simple_prices()).most);
  CHECK(bound_of(chat_request_of(10, {}), simple_prices()).why == unbounded::no_max_tokens);
  CHECK(bound_of(chat_request_of(10, 5), llm::price_table()).why == unbounded::no_price);
  llm::model_price input_only;
  input_only.set(token_kind::input, 1);
  CHECK(bound_of(chat_request_of(10, 5), table_of(input_only)).why == unbounded::no_price);
}

TEST_CASE("the dearest price that may apply counts: cache writes, reasoning, long prompts, either tier") {
  llm::model_price p;
  p.set(token_kind::input, 1'000'000'000);
  p.set(token_kind::output, 1'000'000'000);
  p.set(token_kind::cache_write, 3'000'000'000);
  p.set(token_kind::reasoning, 5'000'000'000);
  CHECK(bound_of(chat_request_of(10, 2), table_of(p)).most == micro(40));
  p.set(token_kind::output, 9'000'000'000, price_tier::standard, 5);
  CHECK(bound_of(chat_request_of(10, 2), table_of(p)).most == micro(48));
  p.set(token_kind::input, 7'000'000'000, price_tier::priority);
  request_line line = chat_request_of(10, 2);
  line.service_tier = "priority";
  CHECK(bound_of(line, table_of(p)).most == micro(88));
  p = {};
  p.set(token_kind::input, 4'000'000'000);
  p.set(token_kind::input, 1'000'000'000, price_tier::flex);
  p.set(token_kind::output, 0);
  line.service_tier = "flex";
  CHECK(bound_of(line, table_of(p)).most == micro(40));
}

TEST_CASE("absurd limits do not overflow") {
  const auto most = std::numeric_limits<std::int64_t>::max();
  CHECK(*bound_of(chat_request_of(1, most, 1 << 20), simple_prices()).most > micro(1'000'000'000'000));
}

TEST_CASE("bounds that are found one after another are those of each alone") {
  REQUIRE(rc::check("calls", [] {
    llm::model_price plain, tiered;
    plain.set(token_kind::input, 3'000'000'000);
    plain.set(token_kind::output, 7'000'000'000);
    tiered = plain;
    tiered.set(token_kind::input, 5'000'000'000, price_tier::priority);
    tiered.set(token_kind::output, 9'000'000'000, price_tier::standard, 100);
    llm::price_table prices;
    prices.set("plain", plain);
    prices.set("tiered", tiered);
    llm::bound_finder finder(&prices);
    const auto calls = *rc::gen::container<std::vector<std::tuple<int, int, bool>>>(
        rc::gen::tuple(rc::gen::inRange(0, 3), rc::gen::inRange(95, 105), rc::gen::arbitrary<bool>()));
    for (const auto& [model, bytes, priority] : calls) {
      const std::string_view name = std::array{"plain", "tiered", "unknown"}[static_cast<std::size_t>(model)];
      const llm::call_extent call{bytes, 10, priority ? "priority" : ""};
      const auto found = finder.of(name, call), alone = llm::bound_of(prices.find(name), call);
      RC_ASSERT(found.most == alone.most);
      RC_ASSERT(found.most || found.why == alone.why);
    }
  }));
}
