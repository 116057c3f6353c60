#include "llm/stream_assembler.hpp"

#include <corchestra/base/text.hpp>

#include "llm/reply_error.hpp"

namespace corchestra::llm {

std::string stream_assembler::partial_output() const {
  const std::size_t size = text().size();
  if (size == 0) return {};
  std::string text = builder_.text();
  if (hide_) {
    text = (*hide_)(std::move(text));
    if (const std::size_t begun = hide_->begun(text); begun >= redactor::least) text.resize(text.size() - begun);
  }
  std::size_t cut = text.size() > 40 ? text.size() - 40 : 0;
  while (cut < text.size() && (static_cast<unsigned char>(text[cut]) & 0xC0) == 0x80) ++cut;
  return concat("; it had come to ", size, " bytes of text, ending in ", quote(std::string_view(text).substr(cut)));
}

result<void> stream_assembler::feed(std::string_view data) {
  if (done_) return {};
  if (data.starts_with("[DONE]")) {
    done_ = true;
    return {};
  }
  if (trim(data).empty()) return {};
  started_ = true;
  const auto chunk = parse_json(data);
  if (!chunk)
    return fail(errc::invalid_reply, concat("a chunk of the stream: ", chunk.error().message, partial_output()));
  if (!chunk->is_object())
    return fail(errc::invalid_reply, concat("a chunk of the stream: expected an object, got ", chunk->type_name()));
  builder_.identify(*chunk);
  if (auto e = error_in_reply(*chunk)) {
    if (hide_) {
      if (const auto redacted = parse_json((*hide_)(std::string(data)))) e = error_in_reply(*redacted);
    }
    e->message += partial_output();
    return *e;
  }
  const auto choices = chunk->find("choices");
  if (choices == chunk->end() || choices->is_null()) return {};
  if (!choices->is_array())
    return fail(errc::invalid_reply, concat("choices: expected an array, got ", choices->type_name()));
  for (const auto& c : *choices) {
    if (!c.is_object()) return fail(errc::invalid_reply, "choices: expected an array of objects");
    const auto index = c.find("index");
    if (index != c.end() && index->is_number() && *index != 0) continue;
    if (auto ok = choice(c); !ok) return ok;
  }
  return {};
}

result<void> stream_assembler::choice(const json& c) {
  has_choice_ = true;
  if (const auto delta = c.find("delta"); delta != c.end() && !delta->is_null()) {
    auto piece = builder_.add(*delta, reply_builder::part::delta, "choices[0].delta");
    if (!piece) return piece.error();
    if (!piece->text.empty() || !piece->reasoning.empty()) {
      visible_ = true;
      if (on_delta_) on_delta_(chat_delta{piece->text, piece->reasoning});
    }
  }
  if (const auto reason = c.find("finish_reason"); reason != c.end() && reason->is_string())
    builder_.finish(reason->get_ref<const std::string&>());
  return {};
}

result<chat_response> stream_assembler::finish() && {
  if (!complete()) {
    error e = fail(errc::connection_lost, concat("the stream ended without finish_reason and [DONE]", partial_output()),
                   retry_class::transient);
    return e;
  }
  if (!has_choice_) return fail(errc::invalid_reply, "the stream brought no choice");
  if (hide_) builder_.hide(*hide_);
  return std::move(builder_).build();
}

}  // namespace corchestra::llm
