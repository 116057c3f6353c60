#include <corchestra/session/exit_code.hpp>

#include "session/endpoint_watch.hpp"

namespace corchestra {

exit_code exit_code_of(const session_result& r) noexcept {
  const run_result& run = r.run;
  if (r.output_error) return exit_code::failure;
  if (run.state == run_state::interrupted) return exit_code::interrupted;
  if (run.state == run_state::cancelled &&
      (run.cancelled == cancel_reason::user || run.cancelled == cancel_reason::shutdown))
    return exit_code::interrupted;
  if (r.endpoint_unreachable && !run.success()) return exit_code::unreachable;
  return run.success() ? exit_code::success : exit_code::failure;
}

exit_code exit_code_of(const error& e) noexcept {
  if (is_unreachable(e)) return exit_code::unreachable;
  if (e.is(errc::cancelled)) return exit_code::interrupted;
  if (e.is(errc::analysis_failed) || e.is(errc::internal)) return exit_code::failure;
  return exit_code::usage;
}

}  // namespace corchestra
