#pragma once

#include <boost/system/error_code.hpp>
#include <boost/system/result.hpp>
#include <chrono>
#include <exception>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>

namespace corchestra {

/// Everything that can be expected to go wrong. `to_string` gives the stable text that files and events carry.
enum class errc {
  invalid_argument = 1,   ///< a parameter or flag is out of its range
  invalid_plan,           ///< a plan breaks its schema
  invalid_config,         ///< a configuration file or environment variable is malformed
  unresolved_reference,   ///< `${...}` names something that is not there
  unknown_task,           ///< a task id that the plan or run does not have
  duplicate_task,         ///< a task id used twice
  dependency_cycle,       ///< tasks that wait for each other
  unknown_agent,          ///< a task names an agent that is not registered
  unreachable_resource,   ///< more of a resource asked for than there is
  limit_exceeded,         ///< a cap on tasks, children, depth or steps was hit
  queue_full,             ///< more pending work than allowed
  not_running,            ///< the run or orchestrator no longer accepts this request
  cancelled,              ///< ended on request
  timeout,                ///< a time limit passed; the message names it
  task_failed,            ///< an agent failed without a more precise code
  stalled,                ///< no heartbeat within `heartbeat_timeout`
  schema_mismatch,        ///< a value does not match its JSON Schema
  invalid_json,           ///< text that is not JSON
  too_large,              ///< a body, line, file or output above its size limit
  too_deep,               ///< JSON nested above its depth limit
  file_error,             ///< a file cannot be read or written
  resolve_failed,         ///< host name lookup failed
  connect_failed,         ///< no connection could be made
  connection_lost,        ///< the peer closed or reset the connection
  tls_failed,             ///< TLS handshake or certificate verification failed
  protocol_error,         ///< the peer does not speak the expected protocol
  no_endpoint,            ///< an LLM is needed and none is configured
  authentication_failed,  ///< HTTP 401
  permission_denied,      ///< HTTP 403
  not_found,              ///< HTTP 404: wrong path or unknown model
  bad_request,            ///< HTTP 400, 413, 422 and other refusals of the request itself
  rate_limited,           ///< HTTP 429 that may pass
  quota_exhausted,        ///< HTTP 429 that will not pass (`insufficient_quota`)
  server_error,           ///< HTTP 5xx, or an error inside a reply
  invalid_reply,          ///< a reply that is not what the API promises
  refused,                ///< the model declined to answer
  truncated,              ///< the output hit `max_tokens`
  content_filtered,       ///< the provider's filter removed the output
  command_not_found,      ///< a command agent's program does not exist
  command_failed,         ///< a command agent's program ended with a non-zero exit code or a signal
  analysis_failed,        ///< dependencies were asked for and could not be established
  internal,               ///< a defect in corchestra: please report it
};

const boost::system::error_category& corchestra_category() noexcept;
boost::system::error_code make_error_code(errc e) noexcept;

/// The stable snake_case name of an error, as written into results and events.
std::string_view to_string(errc e) noexcept;

/// Whether trying again can help. `unspecified` leaves it to the caller (task retries do try again).
enum class retry_class { unspecified, transient, terminal };

/// A failure: what kind, and in words that name the place and what was expected.
struct error {
  boost::system::error_code code;
  std::string message;
  retry_class retry = retry_class::unspecified;
  std::optional<std::chrono::milliseconds> retry_after;  ///< the earliest useful moment for another try, from now

  bool is(errc e) const noexcept { return code == make_error_code(e); }
};

/// The stable name of the error's code: an `errc`'s name, or the foreign category's name and value.
std::string code_name(const error& e);

/// Thrown by `result<T>::value()` on an error, and understood when an agent throws it.
class error_exception : public std::exception {
 public:
  explicit error_exception(corchestra::error e) : error_(std::move(e)) {}
  const char* what() const noexcept override { return error_.message.c_str(); }
  const corchestra::error& error() const noexcept { return error_; }

 private:
  corchestra::error error_;
};

[[noreturn]] void throw_exception_from_error(const error& e, const boost::source_location& where);

/// Either a value or an `error`. The functions of boost::system::result apply: `has_value`, `*r`, `r.error()`, `value()`.
template <class T>
using result = boost::system::result<T, error>;

/// `return fail(errc::invalid_plan, "...")` from any function that returns a `result`.
inline error fail(errc e, std::string message, retry_class retry = retry_class::unspecified) {
  return error{make_error_code(e), std::move(message), retry, std::nullopt};
}

/// The same failure with a place put before its message: `place: message`.
error in_place(error e, std::string_view place);

}  // namespace corchestra

template <>
struct boost::system::is_error_code_enum<corchestra::errc> : std::true_type {};
