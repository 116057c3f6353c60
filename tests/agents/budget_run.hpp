#pragma once

#include <algorithm>

#include <catch2/catch_test_macros.hpp>
#include <corchestra/llm/cost_bound.hpp>
#include <corchestra/llm/openai_client.hpp>

#include "batch/prices.hpp"
#include "llm/scripted_http_client.hpp"
#include "llm_run.hpp"

namespace corchestra::tests {

/// Runs that ask for a model `m` (a micro-dollar for a token in, two for one out), and how their budgets end.
struct budget_run : llm_run {
  budget_options budget;
  budget_status left;
  budget_run() {
    options.model = "m";
    options.max_tokens = 50;
    options.prices = std::make_shared<const llm::price_table>(simple_prices());
  }

  /// What one try of `task` reserves.
  budget_amount most() const {
    llm::chat_request r;
    r.max_tokens = options.max_tokens;
    r.messages.push_back({llm::role::user, "Do it"});
    const auto extent = llm::extent_of(r, "m");
    return {extent.bytes + 50, extent.bytes + 100};
  }
  static llm::chat_response reply(std::int64_t in, std::int64_t out) {
    llm::chat_response r;
    r.message.content = "Done.";
    r.model = "m";
    r.usage = {in, out, 0, 0, 1};
    return r;
  }
  static std::vector<task_call> many(int n) {
    std::vector<task_call> calls;
    for (int i = 0; i < n; ++i) calls.push_back(task("t" + std::to_string(i), "Do it"));
    return calls;
  }

  run_result run(std::vector<task_call> calls, std::shared_ptr<llm::chat_model> of = nullptr,
                 std::function<void(corchestra::run)> meanwhile = {}) {
    v.o.agents().add("writer", make_llm_agent(of ? of : model, options).value());
    auto p = plan(std::move(calls), 64);
    p.options.budget = budget;
    run_callbacks callbacks;
    callbacks.on_event = [this](const event& e) { events.push_back(e); };
    auto r = v.o.start(std::move(p), std::move(callbacks)).value();
    if (meanwhile) meanwhile(r);
    const auto all = [](corchestra::run handle, budget_status& to) -> awaitable<run_result> {
      run_result ended = co_await handle.wait();
      const run_status status = co_await handle.status();
      to = status.budget;
      co_return ended;
    };
    auto ended = v.time.run(all(r, left));
    CHECK(left.reserved.none());
    return ended;
  }
  static std::size_t count(const run_result& r, task_state s) {
    return static_cast<std::size_t>(
        std::count_if(r.results.begin(), r.results.end(), [s](const task_result& t) { return t.state == s; }));
  }
  static void answer_all(testing::scripted_model& of, int n, std::int64_t in, std::int64_t out) {
    for (int i = 0; i < n; ++i)
      of.answer_with([=](const llm::chat_request&) { return result<llm::chat_response>(reply(in, out)); },
                     std::chrono::seconds(1));
  }
  std::shared_ptr<llm::chat_model> client(std::shared_ptr<scripted_http_client> http) {
    llm::openai_options o;
    o.base_url = "http://127.0.0.1:8081/v1";
    o.model = "m";
    o.seed = 7;
    options.stream = false;
    return llm::make_openai_client(std::move(http), o).value();
  }
};

}  // namespace corchestra::tests
