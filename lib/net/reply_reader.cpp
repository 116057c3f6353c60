#include <array>
#include <boost/asio/error.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/ssl/error.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/beast/http/error.hpp>
#include <charconv>

#include <corchestra/base/text.hpp>

#include "net/cancellation.hpp"
#include "net/closing_wait.hpp"
#include "net/reply_parser.hpp"
#include "net/reply_reader.hpp"

namespace corchestra::net {

namespace {

namespace http = boost::beast::http;
error refused(const reply_parser& p, const error_code& ec, const reply_options& options) {
  if (p.refused) return *p.refused;
  if (ec == http::error::header_limit) {
    return fail(errc::too_large, concat("the reply's header is larger than ", options.max_header_bytes, " bytes"));
  }
  if (ec == http::error::body_limit) {
    return fail(errc::too_large, concat("the reply's body is larger than ", options.max_body_bytes, " bytes"));
  }
  return fail(errc::protocol_error, concat("the reply is not valid HTTP: ", ec.message()));
}

error lost(const reply_parser& p, const boost::beast::flat_buffer& unread, std::size_t received, const error_code& ec) {
  const bool closed = ec == asio::error::eof || ec == asio::ssl::error::stream_truncated;
  const std::string how =
      closed ? std::string("the server closed the connection") : concat("the connection was lost (", ec.message(), ")");
  if (received == 0) return fail(errc::connection_lost, concat(how, " before any byte of the reply"));
  if (!p.is_header_done()) {
    const std::string_view begun(static_cast<const char*>(unread.data().data()), unread.size());
    static constexpr std::string_view version = "HTTP/1.";
    if (unread.size() == received && begun.substr(0, version.size()) != version.substr(0, begun.size())) {
      return fail(errc::protocol_error, "the reply is not valid HTTP: bad version");
    }
    return fail(errc::connection_lost, concat(how, " inside the reply's header"));
  }
  const auto length = p.content_length();
  const std::string of = length ? concat(" of ", static_cast<std::uint64_t>(*length)) : "";
  return fail(errc::connection_lost, concat(how, " inside the reply's body, after ", p.body_bytes, of, " bytes"));
}

duration promised_keep_alive(std::string_view field) {
  const auto at = to_lower(field).find("timeout=");
  if (at == std::string::npos) return duration::max();
  unsigned seconds = 0;
  const auto read = std::from_chars(field.data() + at + 8, field.data() + field.size(), seconds);
  if (read.ec != std::errc()) return duration::max();
  return std::chrono::seconds(seconds == 0 ? 0 : seconds - 1);  // to be gone before the peer closes it
}

enum class parsed { more, complete };

// From the beginning of `bytes`, of which it takes away what was used.
result<parsed> parse(std::optional<reply_parser>& p, std::string_view& bytes, const reply_options& options) {
  while (!bytes.empty()) {
    error_code ec;
    const std::size_t used = p->put(asio::buffer(bytes), ec);
    bytes.remove_prefix(used);
    if (ec && ec != http::error::need_more) return refused(*p, ec, options);
    if (p->is_done()) {
      const auto status = p->reply.status;
      if (status / 100 != 1) return parsed::complete;
      if (status == 101) return fail(errc::protocol_error, "the reply switches to another protocol");
      p.emplace(options);
    } else if (ec || used == 0) {
      if (bytes.size() <= options.max_header_bytes + read_chunk) break;
      return fail(errc::too_large, concat("a line of the reply is larger than ", options.max_header_bytes, " bytes"));
    }
  }
  return parsed::more;
}

// What was received is in the buffer.
result<parsed> parse_buffer(std::optional<reply_parser>& p, boost::beast::flat_buffer& buffer,
                            const reply_options& options) {
  std::string_view bytes(static_cast<const char*>(buffer.cdata().data()), buffer.size());
  auto state = parse(p, bytes, options);
  buffer.consume(buffer.size() - bytes.size());
  return state;
}

void append(boost::beast::flat_buffer& buffer, std::string_view bytes) {
  buffer.commit(asio::buffer_copy(buffer.prepare(bytes.size()), asio::buffer(bytes)));
}

// A reply as far as it has come.
class reading {
 public:
  reading(connection& c, const reply_options& options, deadline& limits)
      : connection_(c), options_(options), limits_(limits), parser_(options) {}

  /// After a wait, or a read into the connection's buffer. False: the reply is complete, or there will be none.
  bool go_on(io_result io);

  reply_outcome out{http_response{}};

 private:
  result<parsed> receive(io_result& io);
  bool give_up(error e) {
    out.response = std::move(e);
    return false;
  }
  bool complete();

  connection& connection_;
  const reply_options& options_;
  deadline& limits_;
  std::optional<reply_parser> parser_;
  std::size_t received_ = 0;
};

// Takes what is there. It is parsed where it was received, behind the little that was left from before (a line break,
// as a rule), so that streams keep no buffer.
result<parsed> reading::receive(io_result& io) {
  std::array<char, 16u << 10> here;
  auto& buffer = connection_.buffer;
  result<parsed> state = parsed::more;
  for (bool full = true; full && state && *state == parsed::more;) {
    const std::size_t left = buffer.size();
    const bool fits = left <= here.size() / 2;
    const auto into = fits ? asio::buffer(here) + left : asio::buffer(here);
    const io_result got = connection_.stream.receive(into);
    full = got.bytes == into.size();
    io.bytes += got.bytes;
    if (got.ec && got.ec != asio::error::would_block) io.ec = got.ec;
    if (got.bytes == 0) break;
    if (!fits) {
      append(buffer, {here.data(), got.bytes});
      state = parse_buffer(parser_, buffer, options_);
      continue;
    }
    asio::buffer_copy(asio::buffer(here), buffer.data());
    buffer.clear();
    std::string_view bytes(here.data(), left + got.bytes);
    state = parse(parser_, bytes, options_);
    if (!bytes.empty()) append(buffer, bytes);
  }
  return state;
}

bool reading::go_on(io_result io) {
  if (limits_.expired()) return give_up(fail(errc::timeout, limits_.describe()));
  const bool received_already = connection_.stream.tls();
  result<parsed> state = parsed::more;
  if (!received_already && !io.ec)
    state = receive(io);
  else if (io.bytes > 0)
    state = parse_buffer(parser_, connection_.buffer, options_);
  limits_.touch(deadline::idle);
  received_ += io.bytes;
  if (!state) return give_up(state.error());
  if (*state == parsed::complete) return complete();
  if (!parser_->is_header_done() && received_ > options_.max_header_bytes)  // by interim replies without end
    return give_up(refused(*parser_, http::error::header_limit, options_));
  if (!io.ec) return true;
  if (io.ec == asio::error::eof && parser_->is_header_done()) {
    error_code ec;
    parser_->put_eof(ec);
    if (!ec && parser_->is_done()) return complete();  // delimited by the end of the connection
  }
  out.untouched = received_ == 0;
  return give_up(lost(*parser_, connection_.buffer, received_, io.ec));
}

bool reading::complete() {
  out.reusable = parser_->keep_alive() && connection_.buffer.size() == 0 && connection_.stream.socket().is_open();
  out.keep_alive = promised_keep_alive(parser_->reply.headers.get("Keep-Alive"));
  out.response = std::move(parser_->reply);
  return false;
}

}  // namespace

awaitable<reply_outcome> read_reply(connection& c, reply_options options, deadline& limits) {
  reading reply(c, options, limits);
  for (bool more = true; more;) {
    io_result io;
    if (c.stream.tls())
      io = co_await read_more(c.stream, c.buffer);
    else
      co_await async_wait_or_close(c.stream, asio::redirect_error(asio::use_awaitable, io.ec));
    auto cancellation = co_await asio::this_coro::cancellation_state;
    if (auto slot = cancellation.slot(); slot.is_connected()) slot.clear();
    throw_if_cancelled(cancellation);
    more = reply.go_on(io);
  }
  co_return std::move(reply.out);
}

}  // namespace corchestra::net
