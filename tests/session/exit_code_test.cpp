#include <catch2/catch_test_macros.hpp>

#include <corchestra/session/exit_code.hpp>

using namespace corchestra;

namespace {

session_result ended(run_state state, cancel_reason cancelled = cancel_reason::none, bool unreachable = false) {
  session_result r;
  r.run.state = state;
  r.run.cancelled = cancelled;
  r.endpoint_unreachable = unreachable;
  return r;
}

}  // namespace

TEST_CASE("how a session ended decides the exit code") {
  CHECK(exit_code_of(ended(run_state::completed)) == exit_code::success);
  CHECK(exit_code_of(ended(run_state::failed)) == exit_code::failure);
  CHECK(exit_code_of(ended(run_state::cancelled, cancel_reason::sibling_failed)) == exit_code::failure);
  CHECK(exit_code_of(ended(run_state::failed, cancel_reason::none, true)) == exit_code::unreachable);
  CHECK(exit_code_of(ended(run_state::completed, cancel_reason::none, true)) == exit_code::success);
  CHECK(exit_code_of(ended(run_state::interrupted)) == exit_code::interrupted);
  CHECK(exit_code_of(ended(run_state::cancelled, cancel_reason::user)) == exit_code::interrupted);
  CHECK(exit_code_of(ended(run_state::cancelled, cancel_reason::shutdown, true)) == exit_code::interrupted);
}

TEST_CASE("a run whose files could not be written is no success") {
  session_result r = ended(run_state::completed);
  r.output_error = fail(errc::file_error, "disk full");
  CHECK(exit_code_of(r) == exit_code::failure);
}

TEST_CASE("what kept a session from running decides the exit code") {
  for (const errc e : {errc::invalid_plan, errc::invalid_config, errc::invalid_argument, errc::no_endpoint,
                       errc::file_error, errc::unknown_agent, errc::dependency_cycle})
    CHECK(exit_code_of(fail(e, "x")) == exit_code::usage);
  for (const errc e : {errc::resolve_failed, errc::connect_failed, errc::tls_failed, errc::authentication_failed})
    CHECK(exit_code_of(fail(e, "x")) == exit_code::unreachable);
  CHECK(exit_code_of(fail(errc::analysis_failed, "x")) == exit_code::failure);
  CHECK(exit_code_of(fail(errc::internal, "x")) == exit_code::failure);
  CHECK(exit_code_of(fail(errc::cancelled, "x")) == exit_code::interrupted);
}
