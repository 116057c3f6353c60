#include <catch2/catch_test_macros.hpp>

#include <corchestra/testing/scripted_model.hpp>
#include <corchestra/testing/virtual_time.hpp>

#include "support/show.hpp"

using namespace corchestra;
using namespace std::chrono_literals;

TEST_CASE("a scripted model answers in order, in its time, and remembers the questions") {
  testing::virtual_time_context time;
  testing::scripted_model model;
  model.say("one two", 2s).fail_with(fail(errc::rate_limited, "slow"), 1s);
  llm::chat_request question;
  question.messages.push_back({.content = "how are you"});

  std::string seen;
  const auto first = time.run(model.stream(question, [&](const llm::chat_delta& d) { seen += d.text; }));
  REQUIRE(first);
  CHECK(first->message.content == "one two");
  CHECK(first->usage == token_usage{3, 2, 0, 0, 1});
  CHECK(seen == "one two");
  CHECK(time.now() == time_point(2s));

  CHECK(time.run(model.complete(question)).error().is(errc::rate_limited));
  CHECK(time.now() == time_point(3s));
  const auto none = time.run(model.complete(question));
  CHECK(none.error().message == "the scripted model has nothing left to say");
  CHECK(model.requests().size() == 3);
  CHECK(model.requests()[0].messages[0].content == "how are you");
}
