#include <corchestra/base/secret.hpp>

#include "fuzz/expect.hpp"
#include "llm/reply_parser.hpp"
#include "llm/reply_skim.hpp"
#include "llm/stream_reader.hpp"

using namespace corchestra;

namespace {

constexpr std::string_view key = "sk-key";

struct outcome {
  std::string said, seen;
  bool operator==(const outcome&) const = default;
};

outcome read(std::string_view text, std::size_t piece, const redactor& hide) {
  outcome out;
  llm::stream_reader reader([&](const llm::chat_delta& d) { out.seen += d.text; }, &hide);
  bool good = true;
  for (std::size_t at = 0; at < text.size() && good; at += piece) {
    const auto fed = reader.feed(text.substr(at, piece));
    good = fed.has_value() && !reader.decided();
  }
  const auto reply = reader.finish("text/event-stream");
  out.said = reply ? reply->message.content : reply.error().message;
  if (reply) fuzz::expect(out.seen == hide(out.said), "the deltas are the answer");
  fuzz::expect(out.seen.find(key) == out.seen.npos, "no key in the deltas");
  return out;
}

}  // namespace

// A reply, whole or streamed in any pieces: the same outcome, and the key that it holds is not shown.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  std::string_view text = fuzz::text_of(data, size);
  const std::size_t step = fuzz::take_choice(text) + 1;
  redactor hide;
  hide.add(secret{std::string(key)});
  fuzz::expect(read(text, text.size() + 1, hide) == read(text, step, hide), "pieces give what the whole gives");
  llm::billed_call billed;
  const auto reply = llm::parse_reply(text, "application/json", &billed);
  if (!reply) fuzz::expect_message(reply.error().message);
  fuzz::expect(billed.usage.prompt_tokens >= 0 && billed.usage.completion_tokens >= 0, "usage is not negative");
  const auto skimmed = llm::skim_reply(text, "application/json", billed);
  if (!skimmed) fuzz::expect_message(skimmed.error().message);
  return 0;
}
