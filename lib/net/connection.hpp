#pragma once

#include <boost/beast/core/flat_buffer.hpp>

#include <corchestra/base/time.hpp>

#include "net/byte_stream.hpp"

namespace corchestra::net {

/// A client's connection with what it keeps between exchanges.
struct connection {
  connection(tcp::socket socket, time_point now) : stream(std::move(socket)), created(now) {}

  byte_stream stream;
  boost::beast::flat_buffer buffer;  ///< received and not parsed yet; empty between exchanges, without room until used
  time_point created;
  time_point expires{};  ///< while idle: not to be used from then on
};

}  // namespace corchestra::net
