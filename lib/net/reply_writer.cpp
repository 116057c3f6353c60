#include <charconv>

#include <corchestra/base/text.hpp>

#include "net/cancellation.hpp"
#include "net/message_text.hpp"
#include "net/reply_writer.hpp"

namespace corchestra::net {

namespace {

error out_of_order(std::string_view what) {
  return fail(errc::invalid_argument, concat("a reply is either sent whole, or started, written and finished: ", what));
}

bool without_body(int status) { return status == 204 || status == 304; }

std::string hexadecimal(std::size_t n) {
  char digits[2 * sizeof n];
  const auto end = std::to_chars(digits, digits + sizeof digits, n, 16).ptr;
  return {digits, end};
}

}  // namespace

std::string reply_writer::connection_field() const {
  if (!exchange_.keep_alive) return "Connection: close\r\n";
  return exchange_.http_1_0 ? "Connection: keep-alive\r\n" : "";
}

awaitable<result<void>> reply_writer::put(std::string head, std::string body) {
  limits_.arm(deadline::idle, exchange_.idle_timeout);
  const error_code ec = co_await stream_.write(head, body);
  limits_.disarm(deadline::idle);
  co_await throw_if_cancelled();
  if (!ec && !limits_.expired()) co_return result<void>();
  state_ = state::lost;
  co_return fail(errc::connection_lost, limits_.expired() ? "the client takes no bytes" : "the client is gone");
}

awaitable<result<void>> reply_writer::send(int status, http_headers headers, std::string body) {
  if (begun()) co_return out_of_order("it has begun already");
  auto head = reply_head(status, headers);
  if (!head) co_return head.error();
  if (!without_body(status)) append_field(*head, "Content-Length", concat(body.size()));
  *head += connection_field() + "\r\n";
  state_ = state::complete;
  if (exchange_.head_request || without_body(status)) body.clear();
  result<void> done = co_await put(std::move(*head), std::move(body));
  co_return done;
}

awaitable<result<void>> reply_writer::start(int status, http_headers headers) {
  if (begun()) co_return out_of_order("it has begun already");
  auto head = reply_head(status, headers);
  if (!head) co_return head.error();
  if (exchange_.http_1_0) {
    exchange_.keep_alive = false;  // the end of the connection is the end of the body
  } else {
    append_field(*head, "Transfer-Encoding", "chunked");
  }
  *head += connection_field() + "\r\n";
  state_ = state::started;
  result<void> done = co_await put(std::move(*head), {});
  co_return done;
}

awaitable<result<void>> reply_writer::write(std::string chunk) {
  if (state_ == state::lost) co_return fail(errc::connection_lost, "the client is gone");
  if (!started()) co_return out_of_order("it has not been started");
  if (chunk.empty() || exchange_.head_request) co_return result<void>();
  std::string head;
  if (!exchange_.http_1_0) {
    head = hexadecimal(chunk.size()) + "\r\n";
    chunk += "\r\n";
  }
  result<void> done = co_await put(std::move(head), std::move(chunk));
  co_return done;
}

awaitable<result<void>> reply_writer::finish() {
  if (state_ == state::lost) co_return fail(errc::connection_lost, "the client is gone");
  if (!started()) co_return out_of_order("it has not been started");
  state_ = state::complete;
  if (exchange_.http_1_0 || exchange_.head_request) co_return result<void>();
  result<void> done = co_await put("0\r\n\r\n", {});
  co_return done;
}

awaitable<result<void>> reply_writer::write_raw(std::string bytes) {
  if (state_ == state::lost) co_return fail(errc::connection_lost, "the client is gone");
  state_ = state::raw;
  result<void> done = co_await put(std::move(bytes), {});
  co_return done;
}

void reply_writer::reset() {
  state_ = state::lost;
  stream_.reset();
}

}  // namespace corchestra::net
