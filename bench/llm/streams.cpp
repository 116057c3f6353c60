// Ten thousand streams of a chat at once in one thread, fifty tokens each, all given in turn by a server of the bench's
// own: the most memory that the process takes for a stream, beside as many bare Asio sockets that read the same bytes
// into a buffer of 4 KB each. Each round is a process of its own.
#include <array>
#include <boost/asio/as_tuple.hpp>
#include <boost/asio/buffer.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>

#include <corchestra/base/text.hpp>
#include <corchestra/llm/openai_client.hpp>

#include "harness.hpp"
#include "llm/chat_example.hpp"
#include "llm/event_server.hpp"
#include "llm/resident.hpp"

using namespace corchestra;
using tcp = asio::ip::tcp;

namespace {

constexpr std::size_t count = 10'000, tokens = 50;

std::string piece_of(const std::string& data) {
  const std::string event = concat("data: ", data, "\n\n");
  char size[16];
  std::snprintf(size, sizeof size, "%zx\r\n", event.size());
  return concat(size, event, "\r\n");
}

bench::event_server::script script() {
  bench::event_server::script s{.connections = count, .pieces = {}, .pace = std::chrono::milliseconds(20)};
  for (std::size_t i = 0; i < tokens; ++i)
    s.pieces.push_back(piece_of(bench::chat_example::chunk(concat(" token", i % 10))));
  s.pieces.front().insert(0,
                          "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream; charset=utf-8\r\n"
                          "Transfer-Encoding: chunked\r\nx-request-id: req_0123456789abcdef\r\n\r\n");
  s.pieces.push_back(piece_of(R"({"id":"c","choices":[{"index":0,"delta":{},"finish_reason":"stop"}]})"));
  s.pieces.push_back(piece_of("[DONE]") + "0\r\n\r\n");
  return s;
}

awaitable<void> stream(std::shared_ptr<llm::chat_model> model, std::size_t& received) {
  llm::chat_request r;
  r.messages = {{.content = std::string(bench::chat_example::user())}};
  std::size_t mine = 0;
  const auto reply = co_await model->stream(std::move(r), [&](const llm::chat_delta&) { ++mine; });
  bench::check(reply.has_value() && mine == tokens && reply->message.content.size() == tokens * 7,
               "a stream is not whole");
  received += mine;
}

void ours(std::uint16_t port) {
  asio::io_context io(1);
  const auto http = net::make_http_client(io.get_executor(), {.max_idle_per_origin = 0});
  llm::openai_options options;
  options.base_url = concat("http://127.0.0.1:", port, "/v1");
  options.api_key = secret(std::string(bench::chat_example::key));
  options.model = bench::chat_example::model;
  options.limits = llm::limiter_options{.max_in_flight = count, .first_in_flight = count};
  const auto model = llm::make_openai_client(*http, options);
  std::size_t received = 0;
  for (std::size_t i = 0; i < count; ++i)
    asio::co_spawn(io, stream(*model, received), [](std::exception_ptr e) { bench::check(!e, "a stream threw"); });
  io.run();
  bench::check(received == count * tokens, "tokens are missing");
}

awaitable<void> bare_stream(std::uint16_t port, const std::string& request, std::size_t& received) {
  tcp::socket socket(co_await asio::this_coro::executor);
  co_await socket.async_connect({asio::ip::address_v4::loopback(), port}, asio::use_awaitable);
  co_await asio::async_write(socket, asio::buffer(request), asio::use_awaitable);
  std::array<char, 4096> buffer;
  for (bool open = true; open;) {
    const auto n = co_await socket.async_read_some(asio::buffer(buffer), asio::use_awaitable);
    received += n;
    open = !std::string_view(buffer.data(), n).ends_with("0\r\n\r\n");
  }
}

void bare(std::uint16_t port) {
  asio::io_context io(1);
  const std::string body = bench::chat_example::request_body();
  const std::string request = concat(
      "POST /v1/chat/completions HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: ", body.size(), "\r\n\r\n", body);
  std::size_t received = 0, expected = 0;
  for (std::size_t i = 0; i < count; ++i)
    asio::co_spawn(io, bare_stream(port, request, received),
                   [](std::exception_ptr e) { bench::check(!e, "a socket failed"); });
  io.run();
  for (const auto& piece : script().pieces) expected += piece.size();
  bench::check(received == count * expected, "bytes are missing");
}

}  // namespace

int main(int argc, char** argv) {
  bench::need_files(count + 64);
  const bench::two_cores cores;
  bench::event_server server(cores, script());
  const auto one = [&](void (*side)(std::uint16_t)) {
    const double each = bench::resident_bytes_of(cores, [&] { side(server.port()); }) / count;
    server.wait_until_asked();
    server.wait_until_closed();
    return each;
  };
  const bench::row row{.name = "streams", .unit = "B/stream", .least = 3, .aim = 1.5};
  return bench::measure(argc, argv, row, [&] { return one(ours); }, [&] { return one(bare); });
}
