#pragma once

#include <exception>
#include <optional>
#include <string>

#include <corchestra/net/sse.hpp>

#include "llm/piecewise_redaction.hpp"
#include "llm/stream_assembler.hpp"

namespace corchestra::llm {

/// The body of a 2xx reply to a streaming request, piece by piece. A server that answers with one JSON object instead
/// of events is understood too. Pure.
class stream_reader {
 public:
  /// `hide`, which outlives this, takes secrets out of what `on_delta` and the errors' messages show; null: nothing
  /// does.
  explicit stream_reader(std::function<void(const chat_delta&)> on_delta, const redactor* hide = nullptr);
  stream_reader(const stream_reader&) = delete;
  stream_reader& operator=(const stream_reader&) = delete;

  result<void> feed(std::string_view bytes);

  bool visible() const noexcept { return assembler_.visible(); }
  /// Nothing that the transport reports later can change what `finish` says.
  bool decided() const noexcept { return assembler_.done() || broken_ || thrown_; }
  std::string partial_output() const { return assembler_.partial_output(); }
  /// What the reply was billed for as far as it was read; of a body that is one JSON object, after `finish`.
  billed_call billed() const { return form_ == form::document ? billed_ : assembler_.billed(); }

  /// At the end of the body. Rethrows what `on_delta` threw.
  result<chat_response> finish(std::string_view content_type);
  /// Gives `on_delta` what was held back for `hide`; for a body that broke off, in place of `finish`.
  void close(bool complete = false);

 private:
  void report(const chat_delta& delta);
  void pass_on(const chat_delta& delta);
  result<chat_response> read(std::string_view content_type);

  struct redacted_deltas {
    explicit redacted_deltas(const redactor& hide) : text(hide), reasoning(hide) {}
    piecewise_redaction text, reasoning;
  };

  enum class form { unknown, events, document };
  std::function<void(const chat_delta&)> on_delta_;
  const redactor* hide_;
  std::optional<redacted_deltas> redacted_;
  stream_assembler assembler_;
  net::sse_parser events_;
  std::string document_;  // a body that is no event stream; of events, what came before the first one
  form form_ = form::unknown;
  billed_call billed_;  // of a document
  std::exception_ptr thrown_;
  std::optional<error> broken_;
};

}  // namespace corchestra::llm
