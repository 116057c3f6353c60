// A limiter of one's own in front of something that is no OpenAI endpoint: a translation service that bears two calls
// at a time and sixty a minute, and says "too many" when it gets more. llm::call_gate decides who may go; the calls
// tell it how they fared, so that it also learns what nobody has told it. Time is virtual: minutes pass at once.
#include <iostream>

#include <corchestra/async/scope.hpp>
#include <corchestra/async/sleep.hpp>
#include <corchestra/llm/call_gate.hpp>
#include <corchestra/testing/virtual_time.hpp>

using namespace corchestra;
using namespace std::chrono_literals;

namespace {

/// Bears two calls at a time, each of which takes it 3 s.
class translation_service {
 public:
  awaitable<result<std::string>> translate(std::string text) {
    if (running_ == 2) {
      ++refused;
      co_return fail(errc::rate_limited, "too many");
    }
    ++running_;
    busiest = std::max(busiest, running_);
    co_await sleep_for(3s);
    --running_;
    co_return text + ", translated";
  }

  int refused = 0, busiest = 0;

 private:
  int running_ = 0;
};

/// The service, asked only as often as it bears.
class polite_translator {
 public:
  explicit polite_translator(translation_service& service) : service_(service), gate_(limits()) {}

  awaitable<result<std::string>> translate(std::string text) {
    for (bool again = false;; again = true) {
      auto entry = co_await gate_.enter({.tokens = static_cast<std::int64_t>(text.size()), .again = again});
      if (!entry) co_return entry.error();  // the gate is closed: it makes no sense to ask
      result<std::string> answer = co_await service_.translate(text);
      const bool refused = !answer && answer.error().is(errc::rate_limited);
      entry->report({.answer = refused ? llm::endpoint_answer::throttled : llm::endpoint_answer::served});
      if (!refused) co_return answer;
    }
  }

 private:
  static llm::limiter_options limits() {
    llm::limiter_options o;
    o.requests_per_minute = 60;
    o.first_in_flight = o.max_in_flight = 2;  // without it the limiter finds out, at the price of some refusals
    return o;
  }

  translation_service& service_;
  llm::call_gate gate_;
};

}  // namespace

int main() {
  testing::virtual_time_context time;
  translation_service service;
  polite_translator translator(service);
  int translated = 0;
  time.run([&]() -> awaitable<result<void>> {
    const auto executor = co_await asio::this_coro::executor;
    scope calls(executor);
    for (int i = 0; i < 100; ++i) {
      calls.spawn([&, i]() -> awaitable<void> {
        const auto answer = co_await translator.translate("sentence " + std::to_string(i));
        if (answer) ++translated;
      });
    }
    co_await calls.join();
    co_return result<void>();
  }());
  std::cout << translated << " of 100 sentences translated in " << to_text(time.now().time_since_epoch())
            << "; at most " << service.busiest << " at a time, " << service.refused << " refused\n";
}
