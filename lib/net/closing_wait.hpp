#pragma once

#include <boost/asio/associated_cancellation_slot.hpp>
#include <boost/asio/async_result.hpp>
#include <boost/asio/bind_cancellation_slot.hpp>

#include "net/byte_stream.hpp"

namespace corchestra::net {

/// Waits until a stream in clear can be read, or is at its end. Being cancelled closes it within the cancellation
/// itself: before the coroutines that wait have been unwound, or anything else runs. After the wait, clear the
/// coroutine's cancellation slot, which refers to the stream.
template <class Token>
auto async_wait_or_close(byte_stream& stream, Token&& token) {
  return asio::async_initiate<Token, void(error_code)>(
      [&stream](auto handler) {
        auto slot = asio::get_associated_cancellation_slot(handler);
        if (slot.is_connected()) {
          slot.assign([&stream](asio::cancellation_type type) {
            if (type != asio::cancellation_type::none) stream.close();
          });
        }
        stream.socket().async_wait(tcp::socket::wait_read,
                                   asio::bind_cancellation_slot(asio::cancellation_slot(), std::move(handler)));
      },
      token);
}

}  // namespace corchestra::net
