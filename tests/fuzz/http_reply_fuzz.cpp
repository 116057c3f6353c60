#include <sys/socket.h>
#include <unistd.h>

#include <boost/asio/io_context.hpp>

#include "fuzz/expect.hpp"
#include "net/reply_reader.hpp"
#include "support/run.hpp"

using namespace corchestra;

// One reply from a server that closes after it. The limits hold, and a connection is kept only when nothing is left
// over.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  std::string_view text = fuzz::text_of(data, size);
  const std::size_t choice = fuzz::take_choice(text);
  int ends[2];
  if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, ends) != 0) return 0;
  const ssize_t sent = ::send(ends[1], text.data(), text.size(), MSG_NOSIGNAL);
  ::close(ends[1]);
  asio::io_context context(1);
  net::tcp::socket socket(context);
  socket.assign(net::tcp::v4(), ends[0]);
  if (sent != static_cast<ssize_t>(text.size())) return 0;
  net::connection c(std::move(socket), {});
  std::size_t streamed = 0;
  const net::body_sink sink = [&](std::string_view piece) -> result<void> {
    streamed += piece.size();
    return {};
  };
  net::reply_options options;
  options.head_request = (choice & 1) != 0;
  options.sink = (choice & 2) != 0 ? &sink : nullptr;
  options.max_header_bytes = 2000;
  options.max_body_bytes = 3000;
  net::deadline limits(context.get_executor());
  const net::reply_outcome outcome = tests::run(context, net::read_reply(c, options, limits));
  fuzz::expect(streamed <= options.max_body_bytes, "the limit of a streamed body");
  if (!outcome.response) {
    fuzz::expect_message(outcome.response.error().message);
    fuzz::expect(!outcome.reusable, "a failed exchange leaves no connection");
    return 0;
  }
  fuzz::expect(outcome.response->body.size() <= options.max_body_bytes, "the limit of a body");
  if (outcome.reusable) fuzz::expect(c.buffer.size() == 0, "nothing is left over on a kept connection");
  return 0;
}
