#include "llm/usual_reply.hpp"

#include <rapidcheck.h>

#include <catch2/catch_test_macros.hpp>

#include "llm/replies.hpp"
#include "llm/reply_builder.hpp"
#include "support/show.hpp"

using namespace corchestra;
using namespace corchestra::llm;
using namespace corchestra::tests;

namespace {

const std::string whole_reply = R"({
  "id": "chatcmpl-1", "object": "chat.completion", "created": 1764340000, "model": "m-2026",
  "choices": [{"index": 0, "message": {"role": "assistant", "content": "Hello \"you\" \u00e9", "refusal": null,
    "reasoning": "well", "tool_calls": null, "annotations": []}, "logprobs": null, "finish_reason": "length"}],
  "usage": {"prompt_tokens": 20, "completion_tokens": 9, "total_tokens": 29,
    "prompt_tokens_details": {"cached_tokens": 8, "audio_tokens": 0},
    "completion_tokens_details": {"reasoning_tokens": 3}},
  "service_tier": "flex", "system_fingerprint": "fp"})";

std::optional<usual_reply> read_reply(json reply) { return read_usual_reply(reply.dump()); }

json usual_reply_with(const char* pointer, json value) {
  json reply = json::parse(whole_reply);
  reply[json::json_pointer(pointer)] = std::move(value);
  return reply;
}

struct reply_text {
  result<chat_response> reply;
  billed_call billed;
};

reply_text by_text(usual_reply usual) {
  reply_builder builder;
  builder.take(std::move(usual));
  const billed_call billed = builder.billed();
  return {std::move(builder).build(), billed};
}

reply_text by_dom(const json& reply) {
  reply_builder builder;
  builder.identify(reply);
  const billed_call billed = builder.billed();
  const json& choice = reply.at("choices").front();
  REQUIRE(builder.add(choice.at("message"), reply_builder::part::whole, "message"));
  if (choice.contains("finish_reason") && choice["finish_reason"].is_string())
    builder.finish(choice["finish_reason"].get<std::string>());
  return {std::move(builder).build(), billed};
}

bool same(const reply_text& a, const reply_text& b) {
  if (a.billed.usage != b.billed.usage || a.billed.model != b.billed.model ||
      a.billed.service_tier != b.billed.service_tier || a.reply.has_value() != b.reply.has_value())
    return false;
  if (!a.reply) return a.reply.error().message == b.reply.error().message;
  return a.reply->message.content == b.reply->message.content && a.reply->finish == b.reply->finish &&
         a.reply->reasoning == b.reply->reasoning && a.reply->request_id == b.reply->request_id &&
         a.reply->usage == b.reply->usage && b.reply->message.tool_calls.empty();
}

}  // namespace

TEST_CASE("a usual reply is read in one pass") {
  const auto r = read_usual_reply(whole_reply);
  REQUIRE(r);
  CHECK(r->content == "Hello \"you\" \xC3\xA9");
  CHECK(r->refusal.empty());
  CHECK(r->reasoning == "well");
  CHECK(r->finish_reason == "length");
  CHECK(r->id == "chatcmpl-1");
  CHECK(r->model == "m-2026");
  CHECK(r->service_tier == "flex");
  CHECK(r->usage == token_usage{20, 9, 8, 3, 1});
  CHECK(read_reply(reply_saying("a")));
}

TEST_CASE("what is unusual is left to the DOM") {
  const json call = {{"id", "c"}, {"type", "function"}, {"function", {{"name", "f"}, {"arguments", "{}"}}}};
  const json changed[] = {
      usual_reply_with("/error", "overloaded"),
      usual_reply_with("/error", json::object()),
      usual_reply_with("/choices", json::array()),
      usual_reply_with("/choices", nullptr),
      usual_reply_with("/choices/0", 7),
      usual_reply_with("/choices/0/message", nullptr),
      usual_reply_with("/choices/0/message/content", json::array({{{"type", "text"}, {"text", "a"}}})),
      usual_reply_with("/choices/0/message/content", 7),
      usual_reply_with("/choices/0/message/refusal", false),
      usual_reply_with("/choices/0/message/tool_calls", json::array({call})),
      usual_reply_with("/usage/prompt_tokens", 1.5),
      usual_reply_with("/usage/prompt_tokens", "20"),
      usual_reply_with("/usage", {{"input_tokens", 36}, {"output_tokens", 87}}),
  };
  for (const auto& reply : changed) {
    INFO(reply.dump());
    CHECK_FALSE(read_reply(reply));
  }
  for (const std::string& text :
       {std::string(), std::string("[]"), std::string("{}"), whole_reply + "x",
        whole_reply.substr(0, whole_reply.size() - 1),
        R"({"choices":[{"message":{"content":"a"}}],"choices":[{"message":{"content":"b"}}]})" + std::string(),
        R"({"choices":[{"message":{"content":"a","content":"b"}}]})" + std::string(),
        R"({"choices":[{"message":{"content":"a"},"finish_reason":"stop","finish_reason":null}]})" + std::string()}) {
    INFO(text);
    CHECK_FALSE(read_usual_reply(text));
  }
}

TEST_CASE("members that say nothing do no harm") {
  for (const auto& reply :
       {usual_reply_with("/error", nullptr), usual_reply_with("/usage", nullptr), usual_reply_with("/usage", 7),
        usual_reply_with("/model", 7), usual_reply_with("/id", nullptr), usual_reply_with("/service_tier", nullptr),
        usual_reply_with("/choices/0/finish_reason", 7), usual_reply_with("/choices/0/message/content", nullptr),
        usual_reply_with("/choices/0/message/tool_calls", json::array()),
        usual_reply_with("/choices/1", {{"message", 7}}), usual_reply_with("/usage/prompt_tokens_details", nullptr),
        usual_reply_with("/usage/prompt_tokens", -5),
        usual_reply_with("/choices/0/message/reasoning_content", "first")}) {
    INFO(reply.dump());
    const auto r = read_reply(reply);
    REQUIRE(r);
    CHECK(same(by_text(*r), by_dom(reply)));
  }
}

TEST_CASE("whatever happens to a reply, its text and its DOM say the same") {
  CHECK(rc::check([&] {
    std::string text = whole_reply;
    for (int n = *rc::gen::inRange(1, 4); n > 0; --n) {
      const auto at = *rc::gen::inRange<std::size_t>(0, text.size());
      const auto from = *rc::gen::inRange<std::size_t>(0, whole_reply.size());
      const auto count = *rc::gen::inRange<std::size_t>(0, 30);
      if (*rc::gen::arbitrary<bool>())
        text.insert(at, whole_reply, from, count);
      else
        text.erase(at, count % 4);
    }
    const auto r = read_usual_reply(text);
    if (!r) return;
    const json dom = json::parse(text, nullptr, false);
    RC_ASSERT(!dom.is_discarded());
    RC_ASSERT(same(by_text(*r), by_dom(dom)));
  }));
}
