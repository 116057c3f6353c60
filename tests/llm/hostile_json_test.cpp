#include "llm/hostile_endpoint.hpp"

using namespace corchestra;
using namespace corchestra::llm;
using namespace corchestra::tests;

namespace {

behaviour body(std::string name, std::string text, std::string message) {
  return {.name = std::move(name),
          .reply = json_reply(std::move(text)),
          .code = errc::invalid_reply,
          .message = std::move(message),
          .kept = true};
}
behaviour answer(std::string name, std::string text, std::string says) {
  return {.name = std::move(name), .reply = json_reply(std::move(text)), .message = std::move(says), .kept = true};
}
std::string message_of(std::string members) {
  return R"({"choices":[{"message":{)" + members + R"(},"finish_reason":"stop"}]})";
}

}  // namespace

TEST_CASE("hostile server: bodies that are no JSON object") {
  const std::string object = "the reply: expected an object, got ";
  const std::string other =
      "expected application/json, got text that is not application/json; check base_url: it "
      "usually ends in /v1";
  check_each({
      body("null", "null", object + "null"),
      body("an array", "[1]", object + "array"),
      body("a number", "42", object + "number"),
      body("text", "\"Hi.\"", object + "string"),
      body("truth", "true", object + "boolean"),
      body("nonsense", "nonsense", other),
      body("half an object", R"({"choices":[{"message")", "the reply is not JSON: line 1, column *"),
      body("two objects", R"({}{})", "the reply is not JSON: line 1, column *"),
      body("a comment", R"({/* hi */})", "the reply is not JSON: line 1, column *"),
      body("nesting without end", std::string(100'000, '['),
           "the reply: line 1, column 129: nested deeper than the limit of 128 levels"),
      body(
          "objects without end",
          [] {
            std::string s;
            for (int i = 0; i < 10'000; ++i) s += R"({"a":)";
            return s;
          }(),
          "the reply: line 1, column 641: nested deeper than the limit of 128 levels"),
      body("a raw NUL", message_of(std::string("\"content\":\"a\0b\"", 15)), "the reply is not JSON: line 1, column *"),
      body("only NULs", std::string(100, '\0'), other),
      body("invalid UTF-8", message_of("\"content\":\"a\xff\xfe\""), "the reply is not JSON: line 1, column *"),
      body("cut UTF-8", message_of("\"content\":\"a\xe2\x82\""), "the reply is not JSON: line 1, column *"),
      body("an overlong form", message_of("\"content\":\"\xc0\xaf\""), "the reply is not JSON: line 1, column *"),
      body("a lone surrogate", message_of(R"("content":"\ud83d")"), "the reply is not JSON: line 1, column *"),
      body("a number beyond all bounds", R"({"choices":1e999999})", "the reply is not JSON: line 1, column *"),
  });
}

TEST_CASE("hostile server: objects that are no completion") {
  check_each({
      body("an empty object", "{}", "the reply has no array 'choices'"),
      body("choices null", R"({"choices":null})", "the reply has no array 'choices'"),
      body("choices an object", R"({"choices":{}})", "the reply has no array 'choices'"),
      body("choices empty", R"({"choices":[]})", "the reply's 'choices' are empty"),
      body("a choice that is none", R"({"choices":[null]})", "choices[0]: expected an object with a message"),
      body("a choice without a message", R"({"choices":[{"text":"Hi."}]})",
           "choices[0]: expected an object with a message"),
      body("message null", R"({"choices":[{"message":null}]})", "choices[0].message: expected an object, got null"),
      body("message text", R"({"choices":[{"message":"Hi."}]})", "choices[0].message: expected an object, got string"),
      body("content a number", message_of(R"("content":7)"), "choices[0].message.content: expected text, got number"),
      body("content an object", message_of(R"("content":{"a":1})"),
           "choices[0].message.content: expected text, got object"),
      body("content null", message_of(R"("content":null)"), "the reply has neither text nor tool calls"),
      body("content empty", message_of(R"("content":"")"), "the reply has neither text nor tool calls"),
      body("content parts that are no objects", message_of(R"("content":["Hi."])"),
           "choices[0].message.content: expected an array of content parts, got string"),
      body("only reasoning", message_of(R"("reasoning_content":"hm")"),
           "the reply has reasoning but neither text nor tool calls"),
      body("tool calls that are none", message_of(R"("tool_calls":{})"),
           "choices[0].message.tool_calls: expected an array, got object"),
      body("tool calls of nothing", message_of(R"("tool_calls":[null])"),
           "choices[0].message.tool_calls: expected an array of objects, got null"),
      body("a tool call without a function", message_of(R"("tool_calls":[{"id":"a"}])"),
           "tool call 0 of the reply names no function"),
      body("too many tool calls", message_of([] {
             std::string all = R"("tool_calls":[)";
             for (int i = 0; i < 1025; ++i) all += R"({"function":{"name":"f"}},)";
             all.back() = ']';
             return all;
           }()),
           "choices[0].message.tool_calls: the index 1024 is out of range"),
      body("a stream instead", "data: {}\n\n",
           "expected application/json, got text that is not application/json; check base_url: it usually ends in /v1"),
  });
}

TEST_CASE("hostile server: objects that are odd and still a completion") {
  check_each({
      answer("a byte order mark", "\xEF\xBB\xBF" + reply_saying("Hi.").dump(), "Hi."),
      answer("blanks around it", "\n\n " + reply_saying("Hi.").dump() + "\r\n\n", "Hi."),
      answer("duplicate keys, the last counts", message_of(R"("content":"no","content":"Hi.")"), "Hi."),
      answer("an escaped NUL", message_of(R"("content":"a\u0000b")"), std::string("a\0b", 3)),
      answer("a surrogate pair", message_of(R"("content":"\ud83d\ude00")"), "\xF0\x9F\x98\x80"),
      answer(
          "content parts",
          message_of(R"("content":[{"type":"text","text":"H"},{"type":"x"},{"text":7},{"type":"text","text":"i."}])"),
          "Hi."),
      answer("a finish reason that is none", R"({"choices":[{"message":{"content":"Hi."},"finish_reason":7}]})", "Hi."),
      answer("an unknown finish reason", R"({"choices":[{"message":{"content":"Hi."},"finish_reason":"eos"}]})", "Hi."),
      answer("no role, no id, no model", message_of(R"("content":"Hi.")"), "Hi."),
      answer("id and model of the wrong type", R"({"id":7,"model":[],"choices":[{"message":{"content":"Hi."}}]})",
             "Hi."),
      answer("error null", R"({"error":null,"choices":[{"message":{"content":"Hi."}}]})", "Hi."),
      answer("tool calls null", message_of(R"("content":"Hi.","tool_calls":null,"refusal":null)"), "Hi."),
  });
}

TEST_CASE("hostile server: usage that lies is bounded, and unknown where it is nothing") {
  struct row {
    std::string usage;
    token_usage read;
  };
  const row rows[] = {
      {"null", {}},
      {"7", {}},
      {"[]", {}},
      {"{}", {}},
      {R"({"prompt_tokens":"7","completion_tokens":"8"})", {}},
      {R"({"prompt_tokens":-7,"completion_tokens":3})", {.prompt_tokens = 0, .completion_tokens = 3, .calls = 1}},
      {R"({"prompt_tokens":7.9,"completion_tokens":3})", {.prompt_tokens = 7, .completion_tokens = 3, .calls = 1}},
      {R"({"prompt_tokens":1e300,"completion_tokens":3})", {.prompt_tokens = 0, .completion_tokens = 3, .calls = 1}},
      {R"({"prompt_tokens":18446744073709551615,"completion_tokens":3})",
       {.prompt_tokens = 0, .completion_tokens = 3, .calls = 1}},
      {R"({"prompt_tokens":7,"completion_tokens":3,"prompt_tokens_details":7,"completion_tokens_details":null})",
       {.prompt_tokens = 7, .completion_tokens = 3, .calls = 1}},
  };
  for (const auto& r : rows) {
    DYNAMIC_SECTION(r.usage) {
      hostile_endpoint e(
          {.reply = json_reply(R"({"choices":[{"message":{"content":"Hi."}}],"usage":)" + r.usage + "}")});
      const auto reply = e.call(false);
      REQUIRE(reply);
      CHECK(reply->usage == r.read);
    }
  }
}

TEST_CASE("hostile server: an error inside a 200 is one") {
  const std::string in_reply = "the server reported an error inside its reply: ";
  const auto error_of = [](std::string e) { return json_reply(R"({"error":)" + e + "}"); };
  check_each({
      {.name = "an object",
       .reply = error_of(R"({"message":"no","type":"invalid_request_error"})"),
       .code = errc::bad_request,
       .message = in_reply + "no (invalid_request_error)",
       .kept = true},
      {.name = "text",
       .reply = error_of(R"("out of memory")"),
       .code = errc::server_error,
       .message = in_reply + "out of memory; given up after 2 tries",
       .requests = 2,
       .kept = true},
      {.name = "a number",
       .reply = error_of("500"),
       .code = errc::server_error,
       .message = in_reply + "no explanation; given up after 2 tries",
       .requests = 2,
       .kept = true},
      {.name = "a code of its own",
       .reply = error_of(R"({"code":429,"message":"slow"})"),
       .code = errc::rate_limited,
       .message = in_reply + "slow; given up after 2 tries",
       .requests = 2,
       .kept = true},
      {.name = "no quota left",
       .reply = error_of(R"({"code":"insufficient_quota","message":"pay"})"),
       .code = errc::quota_exhausted,
       .message = in_reply + "pay (insufficient_quota)",
       .kept = true},
      {.name = "beside choices",
       .reply = json_reply(R"({"error":"bad","choices":[{"message":{"content":"Hi."}}]})"),
       .code = errc::server_error,
       .message = in_reply + "bad; given up after 2 tries",
       .requests = 2,
       .kept = true},
      {.name = "of a megabyte",
       .reply = error_of(json(std::string(1u << 20, 'x')).dump()),
       .code = errc::server_error,
       .message = in_reply + "xxx*xx...; given up after 2 tries",
       .requests = 2,
       .kept = true},
      {.name = "with terminal escapes",
       .reply = error_of(R"("\u001b[2Jgone\nnext")"),
       .code = errc::server_error,
       .message = in_reply + " [2Jgone next; given up after 2 tries",
       .requests = 2,
       .kept = true},
  });
}
