#include <catch2/catch_test_macros.hpp>

#include <corchestra/async/sleep.hpp>

#include "llm_run.hpp"

using namespace corchestra;
using namespace std::chrono_literals;
using tests::llm_run;
using tests::plan;

namespace {

// Says a token a second.
class slow_model final : public llm::chat_model {
 public:
  explicit slow_model(int tokens) : tokens_(tokens) {}
  awaitable<result<llm::chat_response>> complete(llm::chat_request) override {
    ++completed;
    co_await sleep_for(std::chrono::seconds(tokens_));
    co_return llm::chat_response{};
  }
  awaitable<result<llm::chat_response>> stream(llm::chat_request,
                                               std::function<void(const llm::chat_delta&)> on_delta) override {
    llm::chat_response r;
    for (int i = 0; i < tokens_; ++i) {
      co_await sleep_for(1s);
      on_delta({"x", {}});
      r.message.content += 'x';
    }
    co_return r;
  }
  std::string default_model() const override { return "slow"; }
  int completed = 0;

 private:
  int tokens_;
};

}  // namespace

TEST_CASE("streamed tokens are progress, up to 0.95, and keep the heartbeat going") {
  tests::virtual_orchestra v;
  llm_agent_options options;
  options.max_tokens = 10;
  v.o.agents().add("writer", make_llm_agent(std::make_shared<slow_model>(12), options).value());
  auto t = llm_run::task("a", "x");
  t.limits.heartbeat_timeout = 3s;
  std::vector<double> progress;
  run_callbacks callbacks;
  callbacks.on_progress = [&](std::string_view, double p) { progress.push_back(p); };
  const auto r = v.run(plan({t}), callbacks);
  CHECK(r.results[0].output.value == "xxxxxxxxxxxx");
  REQUIRE(progress.size() >= 10);
  CHECK(progress[0] == 0.1);
  CHECK(progress[8] == 0.9);
  CHECK(progress[9] == 0.95);
}

TEST_CASE("without streaming the model is asked for the whole, and silence is a stall") {
  tests::virtual_orchestra v;
  const auto model = std::make_shared<slow_model>(12);
  llm_agent_options options;
  options.stream = false;
  v.o.agents().add("writer", make_llm_agent(model, options).value());
  auto t = llm_run::task("a", "x");
  CHECK(v.run(plan({t})).success());
  CHECK(model->completed == 1);
  t.limits.heartbeat_timeout = 3s;
  CHECK(v.run(plan({t})).results[0].state == task_state::timeout);
}
