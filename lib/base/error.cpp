#include <corchestra/base/error.hpp>

#include <array>
#include <boost/assert/source_location.hpp>
#include <boost/throw_exception.hpp>

#include <corchestra/base/text.hpp>

namespace corchestra {

namespace {

constexpr std::array<std::string_view, static_cast<std::size_t>(errc::internal)> names{
    "invalid_argument",
    "invalid_plan",
    "invalid_config",
    "unresolved_reference",
    "unknown_task",
    "duplicate_task",
    "dependency_cycle",
    "unknown_agent",
    "unreachable_resource",
    "limit_exceeded",
    "queue_full",
    "not_running",
    "cancelled",
    "timeout",
    "task_failed",
    "stalled",
    "schema_mismatch",
    "invalid_json",
    "too_large",
    "too_deep",
    "file_error",
    "resolve_failed",
    "connect_failed",
    "connection_lost",
    "tls_failed",
    "protocol_error",
    "no_endpoint",
    "authentication_failed",
    "permission_denied",
    "not_found",
    "bad_request",
    "rate_limited",
    "quota_exhausted",
    "server_error",
    "invalid_reply",
    "refused",
    "truncated",
    "content_filtered",
    "command_not_found",
    "command_failed",
    "analysis_failed",
    "internal",
};
static_assert(!names.back().empty());

class category final : public boost::system::error_category {
 public:
  const char* name() const noexcept override { return "corchestra"; }
  std::string message(int value) const override { return std::string(to_string(static_cast<errc>(value))); }
};

}  // namespace

const boost::system::error_category& corchestra_category() noexcept {
  static const category instance;
  return instance;
}

boost::system::error_code make_error_code(errc e) noexcept { return {static_cast<int>(e), corchestra_category()}; }

std::string_view to_string(errc e) noexcept {
  const auto place = static_cast<std::size_t>(e) - 1;
  return place < names.size() ? names[place] : "unknown_error";
}

std::string code_name(const error& e) {
  if (e.code.category() == corchestra_category()) return std::string(to_string(static_cast<errc>(e.code.value())));
  return concat(e.code.category().name(), ":", e.code.value());
}

void throw_exception_from_error(const error& e, const boost::source_location& where) {
  boost::throw_with_location(error_exception(e), where);
}

error in_place(error e, std::string_view place) {
  e.message = concat(place, ": ", e.message);
  return e;
}

}  // namespace corchestra
