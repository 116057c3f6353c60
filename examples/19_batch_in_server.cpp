// A batch of requests from a file inside a server, on the io_context that it has anyway: GET /batch tells how far it
// is, POST /batch/drain ends it early; the next start goes on where it ended. A simulated model stands in for the
// endpoint. The server asks itself, and ends with the batch.
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <filesystem>
#include <fstream>
#include <iostream>

#include <corchestra/async/scope.hpp>
#include <corchestra/async/sleep.hpp>
#include <corchestra/async/time_service.hpp>
#include <corchestra/batch/batch_report.hpp>
#include <corchestra/llm/openai_client.hpp>
#include <corchestra/net/http_client.hpp>
#include <corchestra/net/http_server.hpp>
#include <corchestra/testing/simulated_model.hpp>

using namespace corchestra;
using namespace std::chrono_literals;

namespace {

batch::batch_options options_for(const std::filesystem::path& folder, const std::string& endpoint) {
  batch::batch_options o;
  o.input = folder / "questions.jsonl";
  o.output = folder / "answers.jsonl";
  o.requests.model = "any";
  o.requests.max_tokens = 20;
  o.endpoint = endpoint;
  o.concurrency = 16;
  std::ofstream file(o.input);
  for (int i = 0; i < 200; ++i) file << R"({"id": "q)" << i << R"(", "prompt": "What is )" << i << " + 1?\"}\n";
  return o;
}

std::shared_ptr<llm::api_client> client_of(const any_io_executor& executor, const std::string& endpoint) {
  llm::openai_options o;
  o.base_url = endpoint;
  o.limits.emplace().max_in_flight = 16;  // one limiter for all calls of this client: those of the batch, and others
  return llm::make_openai_endpoint(net::make_http_client(executor).value(), o).value().api;
}

awaitable<void> serve(batch::batch_job job, net::server_request request, net::server_reply& reply) {
  if (request.method == "POST" && request.path == "/batch/drain") {
    job.drain();
    co_await reply.send(202, {}, "what is in flight ends\n");
  } else if (request.path == "/batch") {
    const batch::batch_progress p = job.progress(co_await now());
    const json told = {{"done", p.done}, {"failed", p.failed}, {"in_flight", p.in_flight}, {"requests", p.requests}};
    co_await reply.send(200, {{"Content-Type", "application/json"}}, dump_json(told) + "\n");
  } else {
    co_await reply.send(404, {}, "GET /batch, or POST /batch/drain\n");
  }
}

// Other work of the server, while the batch runs.
awaitable<void> ask_now_and_then(const net::http_server& server, const bool& ended) {
  const auto client = net::make_http_client(co_await asio::this_coro::executor).value();
  while (!ended) {
    const auto reply = co_await client->send({"GET", net::parse_url(server.base_url() + "/batch").value(), {}, ""});
    if (reply) std::cout << "progress " << reply->body;
    co_await sleep_for(20ms);
  }
}

awaitable<void> run(batch::batch_job& job, std::shared_ptr<llm::api_client> client, bool& ended) {
  const result<batch::batch_result> r = co_await job.run(std::move(client));
  ended = true;
  if (!r) {
    std::cerr << r.error().message << "\n";
    co_return;
  }
  for (const std::string& line : batch::report_lines(*r)) std::cout << line << "\n";
}

awaitable<void> serve_until_done(batch::batch_job job, net::http_server server, testing::simulated_model model) {
  const auto executor = co_await asio::this_coro::executor;
  bool ended = false;
  scope others(executor);
  others.spawn([&] { return ask_now_and_then(server, ended); });
  co_await run(job, client_of(executor, model.base_url()), ended);
  co_await others.join();
  co_await server.stop();
  co_await model.stop();
}

}  // namespace

int main() {
  const auto folder = std::filesystem::temp_directory_path() / "corchestra-batch-in-server";
  std::filesystem::remove_all(folder);
  std::filesystem::create_directories(folder);
  asio::io_context io;
  auto model = testing::simulated_model::listen(io.get_executor(), {.speed = 20});
  if (!model) return std::cerr << model.error().message << "\n", 1;
  // Reads and checks the whole file: before the server listens, or on another thread when it is large.
  auto job = batch::batch_job::open(options_for(folder, model->base_url()));
  if (!job) return std::cerr << job.error().message << "\n", 1;
  auto server = net::http_server::listen(
      io.get_executor(),
      [job = *job](net::server_request r, net::server_reply& reply) { return serve(job, std::move(r), reply); });
  if (!server) return std::cerr << server.error().message << "\n", 1;
  asio::co_spawn(io, serve_until_done(std::move(*job), std::move(*server), std::move(*model)),
                 [](std::exception_ptr e) {
                   if (e) std::rethrow_exception(e);
                 });
  io.run();
  std::filesystem::remove_all(folder);
}
