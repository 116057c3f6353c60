// The same calls as in calls_wrk beside a bare loop on Beast with keep-alive: nlohmann builds each request and parses
// each reply; no limits, prices, events, time limits or retries.
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http/message.hpp>
#include <boost/beast/http/read.hpp>
#include <boost/beast/http/string_body.hpp>
#include <boost/beast/http/write.hpp>

#include <corchestra/base/json.hpp>
#include <corchestra/base/text.hpp>

#include "harness.hpp"
#include "llm/chat_example.hpp"
#include "llm/client_calls.hpp"

using namespace corchestra;
namespace http = boost::beast::http;
using tcp = asio::ip::tcp;

namespace {

struct totals {
  std::size_t left = 0;
  std::int64_t tokens = 0;
};

http::request<http::string_body> request(const std::string& host, const std::string& authorization) {
  using example = bench::chat_example;
  json body = {
      {"model", example::model},
      {"messages",
       {{{"role", "system"}, {"content", example::system()}}, {{"role", "user"}, {"content", example::user()}}}},
      {"temperature", example::temperature},
      {"max_tokens", example::max_tokens}};
  http::request<http::string_body> r(http::verb::post, "/v1/chat/completions", 11);
  r.set(http::field::host, host);
  r.set(http::field::user_agent, "bare");
  r.set(http::field::content_type, "application/json");
  r.set(http::field::accept, "application/json");
  r.set(http::field::authorization, authorization);
  r.body() = body.dump();
  r.prepare_payload();
  return r;
}

awaitable<void> worker(std::uint16_t port, totals& sum) {
  tcp::socket socket(co_await asio::this_coro::executor);
  co_await socket.async_connect({asio::ip::address_v4::loopback(), port}, asio::use_awaitable);
  socket.set_option(tcp::no_delay(true));
  const std::string host = concat("127.0.0.1:", port), authorization = concat("Bearer ", bench::chat_example::key);
  boost::beast::flat_buffer buffer;
  while (sum.left > 0) {
    --sum.left;
    const auto question = request(host, authorization);
    co_await http::async_write(socket, question, asio::use_awaitable);
    http::response<http::string_body> reply;
    co_await http::async_read(socket, buffer, reply, asio::use_awaitable);
    bench::check(reply.result() == http::status::ok, "a call failed");
    const json answer = json::parse(reply.body());
    const std::string text = answer["choices"][0]["message"]["content"];
    bench::check(text == bench::chat_example::answer(), "a wrong answer");
    sum.tokens += answer["usage"]["total_tokens"].get<std::int64_t>();
  }
}

double bare(std::uint16_t port, std::size_t calls) {
  totals sum{calls};
  const double rate = bench::per_second(calls, [&] {
    asio::io_context io(1);
    for (std::size_t i = 0; i < bench::connections; ++i)
      asio::co_spawn(io, worker(port, sum), [](std::exception_ptr e) { bench::check(!e, "a call threw"); });
    io.run();
  });
  bench::check(sum.tokens == static_cast<std::int64_t>(calls) * bench::chat_example::tokens, "wrong tokens");
  return rate;
}

}  // namespace

int main(int argc, char** argv) {
  const bench::two_cores cores;
  const bench::nginx server(cores);
  bench::client_calls ours(server);
  ours.round(1'000);
  const bench::row row{.name = "calls_beast", .unit = "calls/s", .least = 1.3, .aim = 2.2, .lower_is_better = false};
  return bench::measure(
      argc, argv, row, [&] { return ours.round(40'000); }, [&] { return bare(server.port(), 20'000); });
}
