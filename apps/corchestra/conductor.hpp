#pragma once

#include <boost/asio/io_context.hpp>

#include <corchestra/session/session.hpp>

#include "terminal.hpp"

namespace corchestra::program {

struct display_options {
  int fd = 1;
  program::terminal terminal;
  bool quiet = false, ascii = false;
};

/// Runs a session to its end on `context` while it is shown on a terminal or log, and Ctrl-C stops it in steps.
result<session_result> conduct(boost::asio::io_context& context, session_options options,
                               const display_options& display);

}  // namespace corchestra::program
