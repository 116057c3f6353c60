#include "batch_display.hpp"

#include <boost/asio/co_spawn.hpp>

#include "interrupts.hpp"

namespace corchestra::program {

batch::batch_console_options console_for(const batch_display& d) {
  batch::batch_console_options o;
  o.write = [fd = d.fd](std::string_view bytes) { write_to(fd, bytes); };
  o.live = d.shown.interactive && !d.quiet;
  o.color = d.shown.color;
  o.ascii = d.ascii;
  o.quiet = d.quiet;
  o.width = d.shown.width;
  return o;
}

result<batch::batch_result> conduct(boost::asio::io_context& context, batch::batch_job job,
                                    std::shared_ptr<llm::api_client> client, batch::batch_console& screen,
                                    const batch_display& display) {
  std::optional<result<batch::batch_result>> outcome;
  std::exception_ptr failure;
  asio::co_spawn(context, job.run(std::move(client)), [&](std::exception_ptr e, result<batch::batch_result> r) {
    failure = e;
    outcome.emplace(std::move(r));
  });
  const interrupts on_interrupt(context.get_executor(), [&](int times) {
    if (times == 1) {
      job.drain();
      if (!display.quiet) screen.say("Interrupted: what is in flight ends; a second Ctrl-C gives it up");
    } else {
      job.cancel();
    }
  });
  while (!outcome && context.run_one() > 0) {
  }
  if (failure) return error_from_exception(failure);
  if (!outcome) return fail(errc::internal, "nothing is left to do and the batch has not ended");
  return std::move(*outcome);
}

}  // namespace corchestra::program
