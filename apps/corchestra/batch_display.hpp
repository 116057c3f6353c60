#pragma once

#include <boost/asio/io_context.hpp>

#include <corchestra/batch/batch_console.hpp>

#include "terminal.hpp"

namespace corchestra::program {

struct batch_display {
  int fd = 1;
  terminal shown;
  bool quiet = false, ascii = false;
};

/// Runs the job until its end and shows it. Ctrl-C drains it, a second one cancels it.
result<batch::batch_result> conduct(boost::asio::io_context& context, batch::batch_job job,
                                    std::shared_ptr<llm::api_client> client, batch::batch_console& screen,
                                    const batch_display& display);

batch::batch_console_options console_for(const batch_display& d);

}  // namespace corchestra::program
