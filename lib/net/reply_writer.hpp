#pragma once

#include <corchestra/net/http_server.hpp>

#include "net/byte_stream.hpp"
#include "net/deadline.hpp"

namespace corchestra::net {

/// Writes the reply to one request onto its connection.
class reply_writer final : public server_reply {
 public:
  struct exchange {
    bool keep_alive = false;
    bool http_1_0 = false;
    bool head_request = false;
    duration idle_timeout{};  ///< how long the client may take no bytes
  };

  reply_writer(byte_stream& stream, deadline& limits, exchange e) : stream_(stream), limits_(limits), exchange_(e) {}

  awaitable<result<void>> send(int status, http_headers headers, std::string body) override;
  awaitable<result<void>> start(int status, http_headers headers) override;
  awaitable<result<void>> write(std::string chunk) override;
  awaitable<result<void>> finish() override;
  awaitable<result<void>> write_raw(std::string bytes) override;
  void reset() override;

  bool begun() const noexcept { return state_ != state::none; }
  bool complete() const noexcept { return state_ == state::complete; }
  bool started() const noexcept { return state_ == state::started; }
  /// The connection can carry the next request.
  bool reusable() const noexcept { return complete() && exchange_.keep_alive; }

 private:
  enum class state { none, started, complete, raw, lost };
  awaitable<result<void>> put(std::string head, std::string body);
  std::string connection_field() const;

  byte_stream& stream_;
  deadline& limits_;
  exchange exchange_;
  state state_ = state::none;
};

}  // namespace corchestra::net
