// Server-sent events of a chat parsed from buffers of 64 KB, their JSON left alone, beside memcpy of the same buffers.
#include <algorithm>
#include <cstring>
#include <vector>

#include <corchestra/base/text.hpp>
#include <corchestra/net/sse.hpp>

#include "harness.hpp"
#include "llm/chat_example.hpp"

using namespace corchestra;

namespace {

constexpr std::size_t piece = 64u << 10, passes = 40;

struct events {
  std::string text;
  std::size_t count = 0;
};

events made() {
  events e;
  for (; e.text.size() < 4u << 20; ++e.count)
    e.text += concat("data: ", bench::chat_example::chunk(concat(" token", e.count)), "\n\n");
  return e;
}

template <class Each>
double gigabytes_a_second(const std::string& text, Each each) {
  const bench::stopwatch watch;
  for (std::size_t pass = 0; pass < passes; ++pass)
    for (std::string_view rest = text; !rest.empty(); rest.remove_prefix(std::min(piece, rest.size())))
      each(rest.substr(0, piece));
  return static_cast<double>(text.size() * passes) / watch.nanoseconds();
}

double parsed(const events& e) {
  net::sse_parser parser;
  std::size_t count = 0, bytes = 0;
  const std::function<result<void>(const net::sse_event&)> seen = [&](const net::sse_event& event) -> result<void> {
    ++count;
    bytes += event.data.size();
    return {};
  };
  const double rate = gigabytes_a_second(e.text, [&](std::string_view bytes_of) {
    const auto fed = parser.feed(bytes_of, seen);
    bench::check(fed.has_value(), "a bad event");
  });
  bench::check(count == e.count * passes && bytes == (e.text.size() - 8 * e.count) * passes, "an event is missing");
  return rate;
}

double copied(const events& e) {
  std::vector<char> to(piece);
  std::size_t sum = 0;
  const double rate = gigabytes_a_second(e.text, [&](std::string_view bytes) {
    std::memcpy(to.data(), bytes.data(), bytes.size());
    asm volatile("" : : "r"(to.data()) : "memory");  // the copy is not left out
    sum += bytes.size();
  });
  bench::check(sum == e.text.size() * passes, "bytes are missing");
  return rate;
}

}  // namespace

int main(int argc, char** argv) {
  const events e = made();
  const bench::row row{.name = "sse", .unit = "GB/s", .least = 0.1, .aim = 0.25, .lower_is_better = false};
  return bench::measure(argc, argv, row, [&] { return parsed(e); }, [&] { return copied(e); });
}
