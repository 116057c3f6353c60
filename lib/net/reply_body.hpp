#pragma once

#include <algorithm>
#include <boost/beast/core/buffers_range.hpp>
#include <boost/beast/http/error.hpp>
#include <boost/beast/http/message.hpp>
#include <boost/optional/optional.hpp>
#include <functional>
#include <optional>
#include <string>

#include <corchestra/net/http_client.hpp>

namespace corchestra::net {

/// A Beast body that a parser hands on as it arrives: to a sink when the reply is a success and there is one, else to a
/// string.
struct reply_body {
  struct value_type {
    const body_sink* sink = nullptr;
    std::string text;
    std::size_t bytes = 0;
    std::optional<error> refused;  ///< what the sink returned
  };

  class reader {
   public:
    template <bool IsRequest, class Fields>
    reader(boost::beast::http::header<IsRequest, Fields>& header, value_type& value)
        : value_(value), status_([&header] { return header.result_int(); }) {}

    void init(const boost::optional<std::uint64_t>& length, boost::system::error_code& ec) {
      ec = {};
      streams_ = value_.sink && status_() / 100 == 2;
      if (length && !streams_)
        value_.text.reserve(static_cast<std::size_t>(std::min<std::uint64_t>(*length, 1u << 20)));
    }

    template <class Buffers>
    std::size_t put(const Buffers& buffers, boost::system::error_code& ec) {
      ec = {};
      std::size_t taken = 0;
      for (const auto piece : boost::beast::buffers_range_ref(buffers)) {
        const std::string_view chunk(static_cast<const char*>(piece.data()), piece.size());
        taken += chunk.size();
        if (!streams_) {
          value_.text += chunk;
        } else if (!chunk.empty()) {
          const auto accepted = (*value_.sink)(chunk);
          if (!accepted) {
            value_.refused = accepted.error();
            ec = boost::beast::http::error::end_of_stream;
            break;
          }
        }
      }
      value_.bytes += taken;
      return taken;
    }

    void finish(boost::system::error_code& ec) { ec = {}; }

   private:
    value_type& value_;
    std::function<unsigned()> status_;  // the header is complete only in init
    bool streams_ = false;
  };
};

}  // namespace corchestra::net
