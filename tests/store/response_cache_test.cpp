#include <corchestra/store/response_cache.hpp>

#include <catch2/catch_test_macros.hpp>

#include <corchestra/testing/virtual_time.hpp>

#include "store/reply_store.hpp"
#include "support/temp_dir.hpp"

using namespace corchestra;
using namespace corchestra::store;

namespace {

/// Counts what it is asked.
struct echo_model final : llm::chat_model {
  awaitable<result<llm::chat_response>> complete(llm::chat_request request) override {
    ++asked;
    if (broken) co_return fail(errc::server_error, "busy");
    llm::chat_response r;
    r.message = {
        llm::role::assistant, "answer to " + request.messages.back().content, {{"call_1", "f", "{\"a\":1}"}}, {}};
    r.reasoning = "because";
    r.finish = finish;
    r.model = "m-2026";
    r.usage = {.prompt_tokens = 7, .completion_tokens = 3, .calls = 1};
    co_return r;
  }
  awaitable<result<llm::chat_response>> stream(llm::chat_request request,
                                               std::function<void(const llm::chat_delta&)> on_delta) override {
    auto r = co_await complete(std::move(request));
    if (r && on_delta) on_delta({r->message.content, r->reasoning});
    co_return r;
  }
  std::string default_model() const override { return "m"; }

  int asked = 0;
  bool broken = false;
  llm::finish_reason finish = llm::finish_reason::stop;
};

llm::chat_request asking(std::string text) {
  llm::chat_request r;
  r.messages = {{llm::role::user, std::move(text), {}, {}}};
  return r;
}

struct cached {
  tests::temp_dir folder;
  testing::virtual_time_context time;
  std::shared_ptr<echo_model> model = std::make_shared<echo_model>();
  response_cache cache = response_cache::open(folder.path() / "cache.db").value();

  result<llm::chat_response> complete(llm::chat_request r, std::string url = "http://h/v1") {
    return time.run(cache.in_front_of(model, std::move(url))->complete(std::move(r)));
  }
};

}  // namespace

TEST_CASE("the same question is asked once, and costs nothing the second time") {
  cached c;
  const auto first = c.complete(asking("a")), second = c.complete(asking("a"));
  REQUIRE(first);
  REQUIRE(second);
  CHECK(c.model->asked == 1);
  CHECK(second->message.content == "answer to a");
  CHECK(second->message.tool_calls == first->message.tool_calls);
  CHECK(second->reasoning == "because");
  CHECK(second->model == "m-2026");
  CHECK(second->http_attempts == 0);
  CHECK(second->usage == token_usage{.calls = 1});
  CHECK(c.cache.used().hits == 1);
  CHECK(c.cache.used().misses == 1);
}

TEST_CASE("whatever changes the answer is another question") {
  cached c;
  REQUIRE(c.complete(asking("a")));
  auto warmer = asking("a");
  warmer.temperature = 0.5;
  auto other_model = asking("a");
  other_model.model = "other";
  auto seeded = asking("a");
  seeded.extra = {{"top_k", 3}};
  REQUIRE(c.complete(warmer));
  REQUIRE(c.complete(other_model));
  REQUIRE(c.complete(seeded));
  REQUIRE(c.complete(asking("a"), "http://other/v1"));
  CHECK(c.model->asked == 5);
  auto patient = asking("a");
  patient.timeout = std::chrono::hours(1);
  REQUIRE(c.complete(patient));
  CHECK(c.model->asked == 5);
}

TEST_CASE("failures and cut answers are not kept") {
  cached c;
  c.model->broken = true;
  CHECK_FALSE(c.complete(asking("a")));
  c.model->broken = false;
  c.model->finish = llm::finish_reason::length;
  REQUIRE(c.complete(asking("a")));
  REQUIRE(c.complete(asking("a")));
  CHECK(c.model->asked == 3);
}

TEST_CASE("a known answer streams in one piece") {
  cached c;
  REQUIRE(c.complete(asking("a")));
  std::string seen;
  const auto streamed =
      c.time.run(c.cache.in_front_of(c.model, "http://h/v1")->stream(asking("a"), [&](const llm::chat_delta& d) {
        seen += d.text;
      }));
  REQUIRE(streamed);
  CHECK(seen == "answer to a");
  CHECK(c.model->asked == 1);
}

TEST_CASE("answers outlive the process that asked") {
  cached c;
  REQUIRE(c.complete(asking("a")));
  c.cache = response_cache::open(c.folder.path() / "cache.db").value();
  REQUIRE(c.complete(asking("a")));
  CHECK(c.model->asked == 1);
}

TEST_CASE("what was used longest ago goes when there is no room") {
  tests::temp_dir folder;
  auto s = reply_store::open(folder.path() / "s.db", 10).value();
  REQUIRE(s.put("a", "1234"));
  REQUIRE(s.put("b", "1234"));
  CHECK(s.find("a").value() == "1234");
  REQUIRE(s.put("c", "1234"));
  CHECK(s.find("b").value() == std::nullopt);
  CHECK(s.find("a").value() == "1234");
  CHECK(s.find("c").value() == "1234");
  REQUIRE(s.put("huge", "12345678901"));
  CHECK(s.find("huge").value() == std::nullopt);
  CHECK(s.find("c").value() == "1234");
}

TEST_CASE("a file that is no cache is refused") {
  tests::temp_dir folder;
  const auto file = folder.path() / "cache.db";
  {
    std::ofstream(file) << std::string(5000, 'x');
  }
  const auto opened = response_cache::open(file);
  REQUIRE(opened.has_error());
  CHECK(opened.error().message == "'" + file.string() + "' is not an SQLite database");
}
