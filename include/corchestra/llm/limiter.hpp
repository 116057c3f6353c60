#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include <corchestra/base/error.hpp>
#include <corchestra/base/optional_duration.hpp>
#include <corchestra/base/time.hpp>

namespace corchestra::llm {

struct limiter_options {
  std::optional<double> requests_per_minute;  ///< absent: learnt from the endpoint's headers, and from what it refuses
  std::optional<double> tokens_per_minute;    ///< of prompts and answers; absent: learnt from headers
  std::uint32_t max_in_flight = 1000;
  std::uint32_t first_in_flight = 16;   ///< doubled until a call is refused, or more brings no more
  std::uint32_t circuit_failures = 20;  ///< so many failures in a row, and nothing goes out for `circuit_pause`
  duration circuit_pause = std::chrono::seconds(10);  ///< then one call tries; each time in vain doubles it, up to a minute
  duration max_retry_after = std::chrono::seconds(120);  ///< longest pause by the endpoint's wish, its headers' `reset` too
  double retry_budget = 0.2;  ///< retries may be at most this part of the calls of a minute (floor 10); others wait
  /// So long a retry waits for that budget, and any call for an open circuit.
  duration give_up_after = std::chrono::seconds(60);
  std::uint64_t seed = 0;                             ///< of the jitter after a pause
};

/// What a reply says of one limit.
struct rate_limit {
  std::optional<std::int64_t> limit, remaining;  ///< of the endpoint's period, a minute
  optional_duration reset;                       ///< until all of it is there again
};
struct rate_limits {
  rate_limit requests, tokens;
};

/// How the endpoint took a call.
enum class endpoint_answer : std::uint8_t {
  served,
  throttled,   ///< 429: too many
  overloaded,  ///< no connection, or 5xx
  rejected,    ///< this call's own fault: others may go on
  fatal,       ///< others would fare the same: a bad key, a quota that is used up
  none,        ///< cancelled before an answer
};

struct call_report {
  endpoint_answer answer = endpoint_answer::served;
  optional_duration retry_after;
  rate_limits limits;
  std::optional<std::int64_t> tokens;  ///< really used
  std::optional<error> why;            ///< of `fatal` and `overloaded`
};

struct call_request {
  std::int64_t tokens = 0;     ///< estimated: prompt and longest answer
  int priority = 0;            ///< higher goes first
  bool again = false;          ///< a retry: goes before first tries, within the retry budget
  std::uint64_t prefix = 0;    ///< calls of the same beginning go one after another, for the endpoint's prompt cache; 0: none
};

struct limiter_status {
  std::size_t waiting = 0, in_flight = 0;
  std::uint32_t in_flight_limit = 0;
  std::optional<double> requests_a_minute, tokens_a_minute;  ///< what it holds itself to
  time_point paused_until{};                                 ///< by the endpoint's wish, or an open circuit
  bool circuit_open = false;
  std::uint64_t served = 0, throttled = 0, failed = 0;
};

/// When calls to one endpoint, key and model may go out. Pure: time is an argument, calls are numbers. Gates, in order:
/// circuit breaker, pause (Retry-After, a quota used up by the headers), requests and tokens a minute, calls in flight. Not
/// thread-safe.
class limiter {
 public:
  using call_id = std::uint64_t;

  limiter(limiter_options options, time_point now);
  ~limiter();
  limiter(limiter&&) noexcept;
  limiter& operator=(limiter&&) noexcept;

  /// The call waits until `next` names it.
  call_id ask(const call_request& request, time_point now);
  /// A call that may go out now. Ask until there is none.
  std::optional<call_id> next(time_point now);
  /// A call that has waited `give_up_after` for the retry budget or an open circuit, and why it does so no longer
  /// (`transient`). Ask after `next`, until there is none.
  struct given_up {
    call_id call = 0;
    error why;
  };
  std::optional<given_up> give_up(time_point now);
  /// When to ask `next` and `give_up` again, if nothing else happens; time_point::max() when only an answer can change
  /// something.
  time_point next_time(time_point now);
  /// It waits no longer.
  void cancel(call_id call);
  /// To be called once for every call that went out.
  void ended(call_id call, const call_report& report, time_point now);

  /// Why no call goes out: a minute after the `fatal` answer one may try again.
  const std::optional<error>& closed(time_point now);
  limiter_status status(time_point now) const;

 private:
  struct impl;
  std::unique_ptr<impl> impl_;
};

}  // namespace corchestra::llm
