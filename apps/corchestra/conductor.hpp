#pragma once

#include <boost/asio/io_context.hpp>

#include <corchestra/base/optional_duration.hpp>
#include <corchestra/monitor/console.hpp>
#include <corchestra/session/session.hpp>

#include "terminal.hpp"

namespace corchestra::program {

struct display_options {
  int fd = 1;
  program::terminal terminal;
  bool quiet = false, ascii = false;
  console_style style = console_style::standard;
  bool asks = false;                ///< questions of the run are put to the person at the terminal
  optional_duration explain_after;  ///< why tasks wait is told when nothing has happened for so long
};

/// Runs a session to its end on `context` while it is shown on a terminal or log, Ctrl-C stops it in steps, and SIGUSR1
/// has it tell why tasks wait.
result<session_result> conduct(boost::asio::io_context& context, session_options options,
                               const display_options& display);

}  // namespace corchestra::program
