#pragma once

#include <optional>
#include <string>

#include <corchestra/base/error.hpp>
#include <corchestra/base/optional_duration.hpp>
#include <corchestra/net/http.hpp>

namespace corchestra::telemetry {

/// What a collector's reply, or the lack of one, means for a request.
struct otlp_reply {
  enum class verdict { taken, later, refused } what = verdict::refused;
  std::uint64_t rejected = 0;     ///< of what was taken
  std::string problem;            ///< in words, when something was not taken
  optional_duration retry_after;  ///< that the collector asks for, in whole seconds
};
otlp_reply read_reply(const result<net::http_response>& reply);

}  // namespace corchestra::telemetry
