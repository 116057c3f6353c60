#pragma once

#include <corchestra/session/session.hpp>

namespace corchestra {

/// What a program that ran a session gives back to its caller. docs/exit-codes.md.
enum class exit_code : int {
  success = 0,        ///< every task COMPLETED, or SKIPPED for a good cause
  failure = 1,        ///< any other outcome
  usage = 2,          ///< bad usage, plan or configuration: nothing was run
  unreachable = 3,    ///< no call at all reached the endpoint or passed its authentication
  interrupted = 130,  ///< drained or cancelled on request
};

exit_code exit_code_of(const session_result& r) noexcept;
/// Of an error that kept a session from running.
exit_code exit_code_of(const error& e) noexcept;

}  // namespace corchestra
