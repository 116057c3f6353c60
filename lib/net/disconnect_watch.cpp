#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>

#include "net/disconnect_watch.hpp"

namespace corchestra::net {

struct disconnect_watch::state {
  state(byte_stream* watched, std::function<void()> call) : stream(watched), on_gone(std::move(call)) {}
  byte_stream* stream;  // null when the watch is over
  std::function<void()> on_gone;
  asio::cancellation_signal stop;
};

disconnect_watch::disconnect_watch(byte_stream& stream, std::function<void()> on_gone)
    : state_(std::make_shared<state>(&stream, std::move(on_gone))) {
  stream.socket().async_wait(tcp::socket::wait_read,
                             asio::bind_cancellation_slot(state_->stop.slot(), [s = state_](error_code ec) {
                               if (!ec && s->stream && s->stream->peer_closed()) s->on_gone();
                             }));
}

disconnect_watch::~disconnect_watch() {
  state_->stream = nullptr;
  state_->stop.emit(asio::cancellation_type::terminal);
}

}  // namespace corchestra::net
