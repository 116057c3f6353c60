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

const std::string whole = R"({
  "id": "chatcmpl-1", "object": "chat.completion", "created": 1764340000, "model": "m-2026",
  "choices": [{"index": 0, "message": {"role": "assistant", "content": "Hello \"you\" \u00e9", "refusal": null,
    "reasoning": "well", "tool_calls": null, "annotations": []}, "logprobs": null, "finish_reason": "length"}],
  "usage": {"prompt_tokens": 20, "completion_tokens": 9, "total_tokens": 29,
    "prompt_tokens_details": {"cached_tokens": 8, "audio_tokens": 0},
    "completion_tokens_details": {"reasoning_tokens": 3}},
  "service_tier": "flex", "system_fingerprint": "fp"})";

std::optional<usual_reply> read(json reply) { return read_usual_reply(reply.dump()); }

json with(const char* pointer, json value) {
  json reply = json::parse(whole);
  reply[json::json_pointer(pointer)] = std::move(value);
  return reply;
}

struct answer {
  result<chat_response> reply;
  billed_call billed;
};

answer by_text(usual_reply usual) {
  reply_builder builder;
  builder.take(std::move(usual));
  const billed_call billed = builder.billed();
  return {std::move(builder).build(), billed};
}

answer by_dom(const json& reply) {
  reply_builder builder;
  builder.identify(reply);
  const billed_call billed = builder.billed();
  const json& choice = reply.at("choices").front();
  REQUIRE(builder.add(choice.at("message"), reply_builder::part::whole, "message"));
  if (choice.contains("finish_reason") && choice["finish_reason"].is_string())
    builder.finish(choice["finish_reason"].get<std::string>());
  return {std::move(builder).build(), billed};
}

bool same(const answer& a, const answer& b) {
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
  const auto r = read_usual_reply(whole);
  REQUIRE(r);
  CHECK(r->content == "Hello \"you\" \xC3\xA9");
  CHECK(r->refusal.empty());
  CHECK(r->reasoning == "well");
  CHECK(r->finish_reason == "length");
  CHECK(r->id == "chatcmpl-1");
  CHECK(r->model == "m-2026");
  CHECK(r->service_tier == "flex");
  CHECK(r->usage == token_usage{20, 9, 8, 3, 1});
  CHECK(read(reply_saying("a")));
}

TEST_CASE("what is unusual is left to the DOM") {
  const json call = {{"id", "c"}, {"type", "function"}, {"function", {{"name", "f"}, {"arguments", "{}"}}}};
  const json changed[] = {
      with("/error", "overloaded"),
      with("/error", json::object()),
      with("/choices", json::array()),
      with("/choices", nullptr),
      with("/choices/0", 7),
      with("/choices/0/message", nullptr),
      with("/choices/0/message/content", json::array({{{"type", "text"}, {"text", "a"}}})),
      with("/choices/0/message/content", 7),
      with("/choices/0/message/refusal", false),
      with("/choices/0/message/tool_calls", json::array({call})),
      with("/usage/prompt_tokens", 1.5),
      with("/usage/prompt_tokens", "20"),
      with("/usage", {{"input_tokens", 36}, {"output_tokens", 87}}),
  };
  for (const auto& reply : changed) {
    INFO(reply.dump());
    CHECK_FALSE(read(reply));
  }
  for (const std::string& text :
       {std::string(), std::string("[]"), std::string("{}"), whole + "x", whole.substr(0, whole.size() - 1),
        R"({"choices":[{"message":{"content":"a"}}],"choices":[{"message":{"content":"b"}}]})" + std::string(),
        R"({"choices":[{"message":{"content":"a","content":"b"}}]})" + std::string(),
        R"({"choices":[{"message":{"content":"a"},"finish_reason":"stop","finish_reason":null}]})" + std::string()}) {
    INFO(text);
    CHECK_FALSE(read_usual_reply(text));
  }
}

TEST_CASE("members that say nothing do no harm") {
  for (const auto& reply :
       {with("/error", nullptr), with("/usage", nullptr), with("/usage", 7), with("/model", 7), with("/id", nullptr),
        with("/service_tier", nullptr), with("/choices/0/finish_reason", 7),
        with("/choices/0/message/content", nullptr), with("/choices/0/message/tool_calls", json::array()),
        with("/choices/1", {{"message", 7}}), with("/usage/prompt_tokens_details", nullptr),
        with("/usage/prompt_tokens", -5), with("/choices/0/message/reasoning_content", "first")}) {
    INFO(reply.dump());
    const auto r = read(reply);
    REQUIRE(r);
    CHECK(same(by_text(*r), by_dom(reply)));
  }
}

TEST_CASE("whatever happens to a reply, its text and its DOM say the same") {
  CHECK(rc::check([&] {
    std::string text = whole;
    for (int n = *rc::gen::inRange(1, 4); n > 0; --n) {
      const auto at = *rc::gen::inRange<std::size_t>(0, text.size());
      const auto from = *rc::gen::inRange<std::size_t>(0, whole.size());
      const auto count = *rc::gen::inRange<std::size_t>(0, 30);
      if (*rc::gen::arbitrary<bool>())
        text.insert(at, whole, from, count);
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
