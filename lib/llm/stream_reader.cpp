#include "llm/stream_reader.hpp"

#include <corchestra/base/text.hpp>

#include "llm/reply_parser.hpp"

namespace corchestra::llm {

namespace {
constexpr std::size_t kept_for_diagnosis = 4096;
}

stream_reader::stream_reader(std::function<void(const chat_delta&)> on_delta, const redactor* hide)
    : on_delta_(std::move(on_delta)),
      hide_(hide && !hide->empty() ? hide : nullptr),
      assembler_([this](const chat_delta& d) { report(d); }, hide_) {
  if (hide_) redacted_.emplace(*hide_);
}

void stream_reader::report(const chat_delta& delta) {
  if (!redacted_) return pass_on(delta);
  const std::string text = redacted_->text(delta.text), reasoning = redacted_->reasoning(delta.reasoning);
  if (!text.empty() || !reasoning.empty()) pass_on({text, reasoning});
}

void stream_reader::pass_on(const chat_delta& delta) {
  if (!on_delta_ || thrown_) return;
  try {
    on_delta_(delta);
  } catch (...) {
    thrown_ = std::current_exception();
  }
}

result<void> stream_reader::feed(std::string_view bytes) {
  if (form_ == form::unknown) {
    const auto first = bytes.find_first_not_of(" \t\r\n");
    if (first == std::string_view::npos) return {};
    form_ = std::string_view("{<\x1f").find(bytes[first]) != std::string_view::npos ? form::document : form::events;
    bytes.remove_prefix(first);  // as blanks in pieces of their own
  }
  if (form_ == form::document) {
    document_ += bytes;
    return {};
  }
  if (!assembler_.started() && document_.size() < kept_for_diagnosis) document_ += bytes.substr(0, kept_for_diagnosis);
  auto fed = events_.feed(bytes, [this](const net::sse_event& e) -> result<void> {
    if (auto ok = assembler_.feed(e.data); !ok) return ok;
    if (thrown_) return fail(errc::internal, "the delta callback threw");
    return {};
  });
  if (!fed && !assembler_.done()) {
    broken_ = fed.error();
    if (broken_->is(errc::too_large)) broken_->retry = retry_class::terminal;
    return fed;
  }
  return {};
}

result<chat_response> stream_reader::finish(std::string_view content_type) {
  auto reply = read(content_type);
  close(reply.has_value());
  return reply;
}

void stream_reader::close(bool complete) {
  if (redacted_) {
    const std::string text = redacted_->text.rest(complete), reasoning = redacted_->reasoning.rest(complete);
    if (!text.empty() || !reasoning.empty()) pass_on({text, reasoning});
  }
  if (thrown_) std::rethrow_exception(thrown_);
}

result<chat_response> stream_reader::read(std::string_view content_type) {
  if (thrown_) std::rethrow_exception(thrown_);
  if (broken_) return *broken_;
  if (form_ == form::events) {
    if (!assembler_.started() && !assembler_.done() &&
        to_lower(content_type).find("text/event-stream") == std::string::npos)
      return not_a_completion(document_, content_type, "text/event-stream");
    return std::move(assembler_).finish();
  }
  if (trim(document_).empty()) {
    if (to_lower(content_type).find("text/event-stream") != std::string::npos) return std::move(assembler_).finish();
    return not_a_completion(document_, content_type, "text/event-stream");
  }
  if (hide_) document_ = (*hide_)(std::move(document_));
  auto reply = parse_reply(document_, content_type, &billed_);
  if (reply && (!reply->message.content.empty() || !reply->reasoning.empty()))
    report(chat_delta{reply->message.content, reply->reasoning});
  return reply;
}

}  // namespace corchestra::llm
