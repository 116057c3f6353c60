#include <vector>

#include <corchestra/net/sse.hpp>

#include "fuzz/expect.hpp"

using namespace corchestra;

// Any split of the bytes gives the same events.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  std::string_view text = fuzz::text_of(data, size);
  const std::size_t step = fuzz::take_choice(text) + 1;
  struct outcome {
    std::vector<std::string> events;
    bool failed = false, unfinished = false;
    bool operator==(const outcome&) const = default;
  };
  const auto read = [text](std::size_t piece) {
    net::sse_parser parser(1000);
    outcome out;
    for (std::size_t at = 0; at < text.size() && !out.failed; at += piece) {
      const auto fed = parser.feed(text.substr(at, piece), [&](const net::sse_event& e) -> result<void> {
        out.events.push_back(e.event + '\n' + e.id + '\n' + e.data);
        return {};
      });
      out.failed = !fed;
    }
    out.unfinished = !out.failed && parser.unfinished();
    return out;
  };
  const outcome whole = read(text.size() + 1);
  fuzz::expect(whole == read(step), "pieces give what the whole gives");
  return 0;
}
