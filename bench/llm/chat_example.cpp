#include "llm/chat_example.hpp"

#include <corchestra/base/json.hpp>

namespace corchestra::bench {

std::string_view chat_example::system() {
  return "You classify messages of customers. Answer with one category of: billing, delivery, product, account, other; "
         "then "
         "give the reason in two or three sentences.";
}

std::string_view chat_example::user() {
  return "Hello, I ordered the blue kettle three weeks ago (order 48213) and the page of the parcel service has said "
         "\"in transit\" ever since. Yesterday the money was taken from my card a second time! Please send me the "
         "kettle "
         "or the money, and tell me how this could happen.\nRegards, J. Meyer";
}

std::string_view chat_example::answer() {
  return "billing\n\nThe customer waits for a parcel, but what troubles them most, and what cannot wait, is that the "
         "card "
         "was charged a second time. A late delivery alone would have been \"delivery\"; here the payment must be "
         "looked "
         "into first, since it is the reason why the customer writes now.";
}

std::string chat_example::request_body() {
  return dump_json(
      ordered_json{{"model", model},
                   {"messages", {{{"role", "system"}, {"content", system()}}, {{"role", "user"}, {"content", user()}}}},
                   {"temperature", temperature},
                   {"max_tokens", max_tokens}});
}

std::string chat_example::reply_body() {
  ordered_json message = {
      {"role", "assistant"}, {"content", answer()}, {"refusal", nullptr}, {"annotations", ordered_json::array()}};
  ordered_json usage = {{"prompt_tokens", 139},
                        {"completion_tokens", 75},
                        {"total_tokens", tokens},
                        {"prompt_tokens_details", {{"cached_tokens", 0}, {"audio_tokens", 0}}},
                        {"completion_tokens_details",
                         {{"reasoning_tokens", 0},
                          {"audio_tokens", 0},
                          {"accepted_prediction_tokens", 0},
                          {"rejected_prediction_tokens", 0}}}};
  ordered_json choice = {{"index", 0}, {"message", message}, {"logprobs", nullptr}, {"finish_reason", "stop"}};
  return dump_json(ordered_json{{"id", "chatcmpl-BnchAbCdEfGhIjKlMnOpQrStUvWxY"},
                                {"object", "chat.completion"},
                                {"created", 1764340000},
                                {"model", "gpt-4o-mini-2024-07-18"},
                                {"choices", ordered_json::array({choice})},
                                {"usage", usage},
                                {"service_tier", "default"},
                                {"system_fingerprint", "fp_560af6e559"}},
                   2);
}

std::string chat_example::short_reply_body() {
  return R"({"model":"gpt-4o-mini","choices":[{"index":0,"message":{"role":"assistant","content":"Hi!"},)"
         R"("finish_reason":"stop"}],"usage":{"prompt_tokens":8,"completion_tokens":2,"total_tokens":10}})";
}

std::string chat_example::chunk(std::string_view text) {
  ordered_json choice = {
      {"index", 0}, {"delta", {{"content", text}}}, {"logprobs", nullptr}, {"finish_reason", nullptr}};
  return dump_json(ordered_json{{"id", "chatcmpl-BnchAbCdEfGhIjKlMnOpQrStUvWxY"},
                                {"object", "chat.completion.chunk"},
                                {"created", 1764340000},
                                {"model", "gpt-4o-mini-2024-07-18"},
                                {"service_tier", "default"},
                                {"system_fingerprint", "fp_560af6e559"},
                                {"choices", ordered_json::array({choice})}});
}

}  // namespace corchestra::bench
