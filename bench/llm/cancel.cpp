// A thousand calls in flight, all cancelled: from the request to the moment at which the server has seen the last
// socket closed, beside closing a thousand bare sockets that have asked the same.
#include <unistd.h>

#include <array>
#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/buffer.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/read.hpp>
#include <boost/asio/write.hpp>
#include <deque>

#include <corchestra/base/text.hpp>
#include <corchestra/llm/openai_client.hpp>

#include "harness.hpp"
#include "llm/chat_example.hpp"
#include "llm/event_server.hpp"

using namespace corchestra;
using tcp = asio::ip::tcp;

namespace {

constexpr std::size_t count = 1'000;

awaitable<void> call(std::shared_ptr<llm::chat_model> model) {
  llm::chat_request r;
  r.messages = {{.content = std::string(bench::chat_example::user())}};
  const auto reply = co_await model->complete(std::move(r));
  bench::check(false, reply ? "a call was answered" : reply.error().message);
}

/// Runs until the server has all requests, then calls `cancel`, then until nothing is left to do: milliseconds from the
/// call to the last socket's end as the server saw it.
double milliseconds(asio::io_context& io, bench::event_server& server, const std::function<void()>& cancel) {
  asio::posix::stream_descriptor asked(io, ::dup(server.pipe()));
  std::array<char, 8> bytes;
  std::int64_t begin = 0;
  asio::async_read(asked, asio::buffer(bytes), [&](boost::system::error_code ec, std::size_t) {
    bench::check(!ec, "the server ended");
    asked.close();
    begin = bench::monotonic_now();
    cancel();
  });
  io.run();
  return static_cast<double>(server.wait_until_closed() - begin) / 1e6;
}

double ours(bench::event_server& server) {
  asio::io_context io(1);
  const auto http = net::make_http_client(io.get_executor());
  llm::openai_options options;
  options.base_url = concat("http://127.0.0.1:", server.port(), "/v1");
  options.model = bench::chat_example::model;
  options.limits = llm::limiter_options{.max_in_flight = count, .first_in_flight = count};
  const auto model = llm::make_openai_client(*http, options);
  std::deque<asio::cancellation_signal> signals(count);
  std::size_t ended = 0;
  for (auto& signal : signals)
    asio::co_spawn(io, call(*model), asio::bind_cancellation_slot(signal.slot(), [&](std::exception_ptr e) {
                     bench::check(e != nullptr, "a call was not cancelled");
                     ++ended;
                   }));
  const double time = milliseconds(io, server, [&] {
    for (auto& signal : signals) signal.emit(asio::cancellation_type::terminal);
  });
  bench::check(ended == count, "a call has not ended");
  return time;
}

double bare(bench::event_server& server) {
  asio::io_context io(1);
  const std::string body = bench::chat_example::request_body();
  const std::string request = concat(
      "POST /v1/chat/completions HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: ", body.size(), "\r\n\r\n", body);
  std::deque<tcp::socket> sockets;
  for (std::size_t i = 0; i < count; ++i) {
    auto& s = sockets.emplace_back(io);
    s.connect({asio::ip::address_v4::loopback(), server.port()});
    asio::write(s, asio::buffer(request));
  }
  return milliseconds(io, server, [&] {
    for (auto& s : sockets) s.close();
  });
}

}  // namespace

int main(int argc, char** argv) {
  bench::need_files(count + 64);
  const bench::two_cores cores;
  bench::event_server server(cores, {.connections = count});
  const bench::row row{.name = "cancel", .unit = "ms", .least = 5, .aim = 2};
  return bench::measure(argc, argv, row, [&] { return ours(server); }, [&] { return bare(server); });
}
