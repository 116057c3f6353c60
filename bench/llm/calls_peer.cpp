#include "llm/calls_peer.hpp"

#include <cstdlib>

#include "llm/chat_example.hpp"
#include "llm/client_calls.hpp"

namespace corchestra::bench {

int measure_beside(int argc, char** argv, const row& what, const std::vector<std::string>& command, std::size_t calls) {
  const two_cores cores;
  const nginx server(cores);
  client_calls ours(server);
  ours.round(1'000);
  ::setenv("BENCH_REQUEST", chat_example::request_body().c_str(), 1);
  ::setenv("BENCH_ANSWER", std::string(chat_example::answer()).c_str(), 1);
  ::setenv("BENCH_KEY", std::string(chat_example::key).c_str(), 1);
  const auto peer = [&] {
    auto words = command;
    words.insert(words.end(), {server.base_url(), std::to_string(connections), std::to_string(calls)});
    const child run(words, cores.client);
    const std::string text = run.output();
    const double rate = std::strtod(text.c_str(), nullptr);
    check(rate > 0, "the script gave no rate");
    return rate;
  };
  return measure(argc, argv, what, [&] { return ours.round(40'000); }, peer);
}

}  // namespace corchestra::bench
