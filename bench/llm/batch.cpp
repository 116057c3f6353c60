// A batch of 200,000 lines from its input to the last result, with the state to go on from on the disk, beside the same
// requests sent through the client alone.
#include <boost/asio/co_spawn.hpp>

#include "harness.hpp"
#include "llm/batch_round.hpp"
#include "llm/chat_example.hpp"
#include "llm/client_calls.hpp"

using namespace corchestra;

namespace {

constexpr std::size_t lines = 200'000;

awaitable<void> worker(std::shared_ptr<llm::api_client> client, const std::string& body, std::size_t& left) {
  while (left > 0) {
    --left;
    llm::api_request r;
    r.path = "chat/completions";
    r.body = body;
    r.model = bench::chat_example::model;
    const llm::api_reply reply = co_await client->post(std::move(r));
    bench::check(!reply.failure && reply.billed.usage.total_tokens() == bench::chat_example::tokens, "a call failed");
  }
}

void client_alone(asio::io_context& io, const std::shared_ptr<llm::api_client>& client, const std::string& body) {
  std::size_t left = lines;
  for (std::size_t i = 0; i < bench::connections; ++i)
    asio::co_spawn(io, worker(client, body, left), [](std::exception_ptr e) { bench::check(!e, "a call threw"); });
  io.restart();
  io.run();
}

}  // namespace

int main(int argc, char** argv) {
  const bench::two_cores cores;
  const bench::nginx server(cores);
  asio::io_context io(1);
  const auto client = bench::api_of(io, server);
  const std::string body = bench::chat_example::request_body();
  const bench::batch_folder files(lines, body);
  const auto ours = [&] {
    return bench::per_second(lines, [&] { bench::run_batch(io, client, files, lines, false); });
  };
  const auto alone = [&] { return bench::per_second(lines, [&] { client_alone(io, client, body); }); };
  const bench::row row{.name = "batch", .unit = "calls/s", .least = 0.75, .aim = 0.9, .lower_is_better = false};
  return bench::measure(argc, argv, row, ours, alone);
}
