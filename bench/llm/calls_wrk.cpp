// Chat calls through the client with limits, prices and events, beside wrk posting the same body to the same nginx: as
// fast as a client can be that looks at nothing.
#include <fstream>

#include <corchestra/base/text.hpp>

#include "harness.hpp"
#include "llm/chat_example.hpp"
#include "llm/client_calls.hpp"

using namespace corchestra;

namespace {

std::string script(const std::string& body_file) {
  return concat("local f = io.open('", body_file, "', 'rb')\nwrk.method = 'POST'\nwrk.body = f:read('*a')\nf:close()\n",
                "wrk.headers['Content-Type'] = 'application/json'\nwrk.headers['Accept'] = 'application/json'\n",
                "wrk.headers['Authorization'] = 'Bearer ", bench::chat_example::key, "'\n");
}

double wrk(const bench::nginx& server, const bench::two_cores& cores) {
  const auto body = server.folder() / "body.json", lua = server.folder() / "post.lua";
  std::ofstream(body) << bench::chat_example::request_body();
  std::ofstream(lua) << script(body.string());
  const bench::child run({"wrk", "-t1", concat("-c", bench::connections), "-d2s", "-s", lua.string(),
                          server.base_url() + "/chat/completions"},
                         cores.client);
  const std::string text = run.output();
  constexpr std::string_view label = "Requests/sec:";
  const auto at = text.find(label);
  bench::check(at != std::string::npos && text.find("Non-2xx") == std::string::npos, text);
  return std::stod(text.substr(at + label.size()));
}

}  // namespace

int main(int argc, char** argv) {
  if (!bench::installed("wrk")) bench::skip("wrk is not installed: scripts/setup --bench");
  const bench::two_cores cores;
  const bench::nginx server(cores);
  bench::client_calls ours(server);
  ours.round(1'000);
  const bench::row row{.name = "calls_wrk", .unit = "calls/s", .least = 0.35, .aim = 0.6, .lower_is_better = false};
  return bench::measure(argc, argv, row, [&] { return ours.round(40'000); }, [&] { return wrk(server, cores); });
}
