#include "net/byte_stream.hpp"

#include <catch2/catch_test_macros.hpp>

#include "net/raw_server.hpp"
#include "support/gate.hpp"
#include "support/run.hpp"

using namespace corchestra;
using namespace corchestra::net;
using namespace corchestra::tests;

namespace {

awaitable<void> is_readable(byte_stream& stream) {
  co_await stream.socket().async_wait(tcp::socket::wait_read, asio::use_awaitable);
}

struct stream_fixture {
  explicit stream_fixture(raw_server::script script) : server(context, std::move(script)) {}
  asio::io_context context;
  raw_server server;
  byte_stream stream{std::move(run(context, raw_connect(context, server.port()))->socket())};
};

}  // namespace

TEST_CASE("two parts are written one after the other, and reads fill a buffer that grows only when it is full") {
  std::string seen;
  stream_fixture f([&](raw_peer& peer, int) -> awaitable<void> {
    seen = co_await peer.read(9);
    co_await peer.send(std::string(3 * read_chunk, 'a'));
    co_await peer.end();
  });
  CHECK(!run(f.context, f.stream.write("head", "-body")));
  boost::beast::flat_buffer buffer;
  buffer.reserve(read_chunk);
  auto read = [&]() -> awaitable<void> {
    while (buffer.size() < 3 * read_chunk) {
      const std::size_t before = buffer.capacity();
      const bool room = buffer.capacity() - buffer.size() >= read_chunk / 2;
      const auto r = co_await read_more(f.stream, buffer);
      CHECK(!r.ec);
      CHECK(r.bytes > 0);
      CHECK((buffer.capacity() == before || !room));
    }
  };
  run(f.context, read());
  CHECK(seen == "head-body");
}

TEST_CASE("a connection whose peer has closed is stale, even behind unread bytes") {
  for (const char* last_words : {"", "bye"}) {
    INFO(last_words);
    gate closing;
    stream_fixture f([&](raw_peer& peer, int) -> awaitable<void> {
      co_await peer.send(last_words);
      co_await closing.pass();
      boost::system::error_code ignored;
      peer.socket().shutdown(asio::ip::tcp::socket::shutdown_send, ignored);
      co_await peer.end();
    });
    CHECK_FALSE(f.stream.peer_closed());
    closing.open();
    while (!f.stream.peer_closed()) run(f.context, is_readable(f.stream));
    CHECK(f.stream.stale());
    CHECK(f.stream.socket().available() == std::string_view(last_words).size());
    f.stream.close();
    CHECK(f.stream.peer_closed());
  }
}

TEST_CASE("unasked-for bytes make an idle connection stale, though its peer is there") {
  stream_fixture f([](raw_peer& peer, int) -> awaitable<void> {
    co_await peer.send("x");
    co_await peer.end();
  });
  run(f.context, is_readable(f.stream));
  CHECK_FALSE(f.stream.peer_closed());
  CHECK(f.stream.stale());
}

TEST_CASE("closing is orderly and a reset is not") {
  for (const bool reset : {false, true}) {
    boost::system::error_code ended;
    gate seen;
    stream_fixture f([&](raw_peer& peer, int) -> awaitable<void> {
      ended = co_await peer.end();
      seen.open();
    });
    if (reset) {
      f.stream.reset();
    } else {
      f.stream.close();
    }
    run(f.context, seen.pass());
    CHECK(ended == (reset ? boost::system::error_code(asio::error::connection_reset) : boost::system::error_code()));
  }
}
