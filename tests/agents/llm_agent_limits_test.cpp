#include <catch2/catch_test_macros.hpp>
#include <corchestra/agents/llm_agent.hpp>
#include <corchestra/llm/openai_client.hpp>

#include "llm/replies.hpp"
#include "llm/scripted_http_client.hpp"
#include "support/plans.hpp"

using namespace corchestra;
using namespace std::chrono_literals;
using tests::task;

TEST_CASE("[L13] a task that waits for the endpoint's limit gives its slot to others, and its time stands still") {
  tests::virtual_orchestra v({5s});
  auto http = std::make_shared<tests::scripted_http_client>();
  for (int i = 0; i < 2; ++i) http->replies(200, tests::reply_saying("Done.").dump());
  llm::openai_options options;
  options.base_url = "http://127.0.0.1:8081/v1";
  options.model = "m";
  options.limits.emplace().requests_per_minute = 1;
  v.o.agents().add("writer", make_llm_agent(llm::make_openai_client(http, options).value(), {}).value());

  std::vector<task_call> tasks{task("one", {}, 30), task("two", {}, 20), task("other")};
  for (int i = 0; i < 2; ++i) {
    tasks[i].agent = "writer";
    tasks[i].description = "Write it";
    tasks[i].limits.start_to_close = 30s;
  }
  const auto r = v.run(tests::plan(std::move(tasks), 1));
  CHECK(r.success());
  REQUIRE(http->log().size() == 2);
  CHECK(http->at(1) - http->at(0) > 50);
  CHECK(v.start_of("other") == 0);
  CHECK(r.metrics.wall < 70s);
}
