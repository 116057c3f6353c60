#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>

#include <corchestra/base/optional_duration.hpp>
#include <corchestra/base/time.hpp>
#include <corchestra/base/token_usage.hpp>
#include <corchestra/llm/limiter.hpp>
#include <corchestra/llm/money.hpp>

namespace corchestra::batch {

/// How far a batch is.
struct batch_progress {
  std::uint64_t requests = 0;          ///< of the input
  std::uint64_t wanted = 0;            ///< of this run: not those that `limit` or `sample` leave out
  std::uint64_t done = 0, failed = 0;  ///< of the input, earlier runs included
  std::uint64_t ended = 0;             ///< in this run, either way
  std::uint64_t in_flight = 0;
  std::map<std::string, std::uint64_t> failures;  ///< by code, earlier runs included

  token_usage usage;  ///< of all runs together, as is what follows
  llm::money spent;   ///< of calls with a known price
  std::uint64_t unpriced_calls = 0, estimated_calls = 0;
  std::optional<llm::money> budget;

  time_point at{};                                    ///< when this was so
  duration elapsed{};                                 ///< of this run
  double requests_a_minute = 0, tokens_a_minute = 0;  ///< of the last half minute
  optional_duration left;                             ///< absent: nothing has ended yet
  std::optional<llm::money> projected;         ///< when all that is wanted has ended; absent: nothing to tell it from
  std::optional<llm::limiter_status> limiter;  ///< of the model that was asked last
  bool draining = false;
  bool usage_missing = false;  ///< replies had usage, and now have none
};

}  // namespace corchestra::batch
