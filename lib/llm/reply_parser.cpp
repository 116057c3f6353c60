#include "llm/reply_parser.hpp"

#include <corchestra/base/text.hpp>

#include "llm/reply_builder.hpp"
#include "llm/reply_error.hpp"

namespace corchestra::llm {

error not_a_completion(std::string_view body, std::string_view content_type, std::string_view expected) {
  const std::string_view type = trim(content_type.substr(0, content_type.find(';')));
  const std::string_view start = trim(body);
  if (start.starts_with("\x1f\x8b"))
    return fail(errc::invalid_reply, concat("expected ", expected, ", got compressed bytes that were not asked for"),
                retry_class::terminal);
  std::string got = start.empty()                      ? "an empty reply"
                    : start.front() == '<'             ? "an HTML page"
                    : type.empty() || type == expected ? concat("text that is not ", expected)
                                                       : std::string(type);
  return fail(errc::invalid_reply,
              concat("expected ", expected, ", got ", got, "; check base_url: it usually ends in /v1"),
              retry_class::terminal);
}

namespace {

result<chat_response> read_choices(const json& reply, reply_builder builder) {
  if (auto e = error_in_reply(reply)) return *e;
  const auto choices = reply.find("choices");
  if (choices == reply.end() || !choices->is_array())
    return fail(errc::invalid_reply, "the reply has no array 'choices'");
  if (choices->empty()) return fail(errc::invalid_reply, "the reply's 'choices' are empty");
  const json& choice = choices->front();
  if (!choice.is_object() || !choice.contains("message"))
    return fail(errc::invalid_reply, "choices[0]: expected an object with a message");

  auto added = builder.add(choice["message"], reply_builder::part::whole, "choices[0].message");
  if (!added) return added.error();
  if (const auto reason = choice.find("finish_reason"); reason != choice.end() && reason->is_string())
    builder.finish(reason->get_ref<const std::string&>());
  return std::move(builder).build();
}

}  // namespace

result<chat_response> parse_reply(std::string_view body, std::string_view content_type, billed_call* billed) {
  reply_builder builder;
  if (auto usual = read_usual_reply(body)) {
    builder.take(std::move(*usual));
    if (billed) *billed = builder.billed();
    return std::move(builder).build();
  }
  const std::string_view start = trim(body);
  auto reply = parse_json(body);
  if (!reply) {
    if (!reply.error().is(errc::invalid_json))
      return fail(errc::invalid_reply, concat("the reply: ", reply.error().message), retry_class::terminal);
    if (start.empty() || start.front() != '{') return not_a_completion(body, content_type, "application/json");
    return fail(errc::invalid_reply, concat("the reply is not JSON: ", reply.error().message));
  }
  if (!reply->is_object())
    return fail(errc::invalid_reply, concat("the reply: expected an object, got ", reply->type_name()));
  builder.identify(*reply);
  if (billed) *billed = builder.billed();
  return read_choices(*reply, std::move(builder));
}

}  // namespace corchestra::llm
