// How much more memory a batch of two million lines takes than one of twenty thousand, its results in input order.
// Short requests, and each batch in a process of its own; one round takes minutes and gigabytes, so there is no more
// than one.
#include <array>

#include <corchestra/base/text.hpp>

#include "harness.hpp"
#include "llm/batch_round.hpp"
#include "llm/chat_example.hpp"
#include "llm/resident.hpp"

using namespace corchestra;

namespace {

double megabytes(const bench::two_cores& cores, const bench::nginx& server, std::size_t lines) {
  const std::string body =
      concat(R"({"model":")", bench::chat_example::model, R"(","messages":[{"role":"user","content":"Hi"}]})");
  const bench::batch_folder files(lines, body);
  return bench::resident_bytes_of(cores,
                                  [&] {
                                    asio::io_context io(1);
                                    bench::run_batch(io, bench::api_of(io, server), files, lines, true);
                                  }) /
         1e6;
}

}  // namespace

int main(int, char** argv) {
  const bench::two_cores cores;
  const bench::nginx server(cores, bench::chat_example::short_reply_body());
  std::string option = "--rounds", one = "1";
  std::array<char*, 3> words = {argv[0], option.data(), one.data()};
  const bench::row row{.name = "batch_memory", .unit = "MB more", .least = 16, .aim = 4};
  return bench::measure(3, words.data(), row,
                        [&] { return megabytes(cores, server, 2'000'000) - megabytes(cores, server, 20'000); });
}
