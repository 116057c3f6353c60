#include "llm/batch_round.hpp"

#include <boost/asio/co_spawn.hpp>
#include <fstream>
#include <optional>

#include <corchestra/base/text.hpp>
#include <corchestra/batch/batch_job.hpp>
#include <corchestra/llm/openai_client.hpp>

#include "harness.hpp"
#include "llm/chat_example.hpp"
#include "llm/client_calls.hpp"

namespace corchestra::bench {

batch_folder::batch_folder(std::size_t lines, const std::string& body) {
  std::ofstream out(input(), std::ios::binary);
  for (std::size_t i = 0; i < lines; ++i)
    out << R"({"custom_id":"request-)" << i << R"(","method":"POST","url":"/v1/chat/completions","body":)" << body
        << "}\n";
  check(out.flush().good(), "cannot write the input");
}

std::shared_ptr<llm::api_client> api_of(boost::asio::io_context& io, const nginx& server) {
  const auto http = net::make_http_client(io.get_executor());
  check(http.has_value(), "no HTTP client");
  llm::openai_options options;
  options.base_url = server.base_url();
  options.api_key = secret(std::string(chat_example::key));
  options.limits = llm::limiter_options{.max_in_flight = connections, .first_in_flight = connections};
  auto made = llm::make_openai_endpoint(*http, options);
  check(made.has_value(), "no client");
  return made->api;
}

void run_batch(boost::asio::io_context& io, std::shared_ptr<llm::api_client> client, const batch_folder& files,
               std::size_t lines, bool ordered) {
  for (const char* suffix : {".jsonl", ".errors.jsonl", ".state.db", ".state.db-wal", ".state.db-shm"})
    std::filesystem::remove(std::filesystem::path(files.output()).replace_extension(suffix));
  batch::batch_options options;
  options.input = files.input();
  options.output = files.output();
  options.endpoint = "http://bench/v1";
  options.concurrency = connections;
  options.ordered = ordered;
  options.prices = std::make_shared<llm::price_table>(llm::price_table::standard());
  auto job = batch::batch_job::open(options);
  check(job.has_value(), job ? "" : job.error().message);
  std::optional<result<batch::batch_result>> end;
  asio::co_spawn(io, job->run(std::move(client)), [&](std::exception_ptr e, result<batch::batch_result> r) {
    check(!e, "the batch threw");
    end = std::move(r);
  });
  io.restart();
  io.run();
  check(end && end->has_value() && (*end)->end == batch::batch_end::finished && (*end)->progress.done == lines,
        "the batch is not whole");
}

}  // namespace corchestra::bench
