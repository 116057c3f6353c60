#pragma once

#include <functional>
#include <memory>

#include "net/byte_stream.hpp"

namespace corchestra::net {

/// Tells, while nobody reads a connection, that its peer has closed it. It consumes nothing: bytes that arrive
/// meanwhile (a pipelined request) end the watch, since the socket stays readable from then on.
class disconnect_watch {
 public:
  disconnect_watch(byte_stream& stream, std::function<void()> on_gone);
  disconnect_watch(const disconnect_watch&) = delete;
  disconnect_watch& operator=(const disconnect_watch&) = delete;
  ~disconnect_watch();

 private:
  struct state;
  std::shared_ptr<state> state_;
};

}  // namespace corchestra::net
