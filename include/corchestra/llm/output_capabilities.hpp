#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <mutex>
#include <string>
#include <string_view>
#include <utility>

#include <corchestra/base/time.hpp>

namespace corchestra::llm {

/// How a JSON answer is asked for, from the firmest way to the one that every endpoint takes.
enum class output_rung : std::uint8_t {
  strict_schema,  ///< `response_format` with the schema, strict
  schema,         ///< the same, not strict
  tool_call,      ///< a tool that must be called, whose arguments are the answer
  json_object,    ///< `response_format` for any JSON object
  prompt,         ///< words in the prompt alone
};
std::string_view to_string(output_rung r) noexcept;

/// What endpoints have shown to support, by endpoint and model: spares the requests that would be rejected. Share one
/// among all who ask the same endpoints. Thread-safe.
class output_capabilities {
 public:
  /// Beyond `most` entries the one that was learnt first is forgotten; each is after `keep`, for servers are updated.
  explicit output_capabilities(std::size_t most = 1000, duration keep = std::chrono::hours(1))
      : most_(most), keep_(keep) {}

  /// The first rung that is not known to be rejected.
  output_rung first(std::string_view endpoint, std::string_view model, time_point now) const;
  void learn(std::string_view endpoint, std::string_view model, output_rung works, time_point now);
  std::size_t size() const;

 private:
  struct entry {
    output_rung rung;
    time_point learnt_at;
  };
  std::size_t most_;
  duration keep_;
  mutable std::mutex mutex_;
  std::map<std::pair<std::string, std::string>, entry> entries_;
};

}  // namespace corchestra::llm
