#include <catch2/catch_test_macros.hpp>

#include <corchestra/monitor/console.hpp>

#include "session/redaction.hpp"
#include "stage.hpp"

using namespace corchestra;
using tests::chat_reply;
using tests::json_type;
using tests::stage;
namespace fs = std::filesystem;

namespace {

// The last needs escaping in JSON and in markup.
const std::vector<std::string> keys = {"sk-secret-0123456789", "quo\"te\\and<angle>&amp-secret"};

std::string everything_below(const fs::path& folder) {
  std::string all;
  for (const auto& entry : fs::recursive_directory_iterator(folder)) {
    all += entry.path().string() + '\n';
    if (entry.is_regular_file()) {
      std::ifstream in(entry.path(), std::ios::binary);
      all.append(std::istreambuf_iterator<char>(in), {});
    }
  }
  return all;
}

// As text, inside JSON, inside markup.
void check_absent(const std::string& text, const std::string& key) {
  const std::string quoted = json(key).dump();
  CHECK(text.find(key) == std::string::npos);
  CHECK(text.find(quoted.substr(1, quoted.size() - 2)) == std::string::npos);
  CHECK(text.find("quo&quot;te") == std::string::npos);
}

// Everything that could tell the key: models that echo it, commands that find it, names and prompts that hold it.
std::string plan_with(const std::string& key) {
  return "name: " + json("run of " + key).dump() + R"(
agents:
  echo: {kind: llm, model: m, stream: false}
  stream: {kind: llm, model: m}
  print: {kind: command, argv: [sh, -c, "env; cat"]}
  fail: {kind: command, argv: [sh, -c, "env >&2; cat >&2; exit 1"]}
tasks:
  - {id: echo, agent: echo, description: Echo, depends_on: []}
  - {id: bad, agent: echo, description: Fail, depends_on: []}
  - {id: stream, agent: stream, description: Stream, depends_on: []}
  - {id: print, agent: print, description: )" +
         json("print " + key).dump() + R"(, depends_on: []}
  - {id: fail, agent: fail, description: )" +
         json("fail with " + key).dump() + R"(, depends_on: []}
  - {id: later, agent: echo, description: Later, depends_on: [bad]}
)";
}

}  // namespace

TEST_CASE("the API key appears in nothing a run prints or leaves, failing or not") {
  for (const auto& key : keys) {
    stage s;
    bool sent_key = false;
    const auto url = s.serve([&](net::server_request request, net::server_reply& reply) -> awaitable<void> {
      const std::string authorization(request.headers.get("authorization"));
      sent_key = sent_key || authorization == "Bearer " + key;
      const bool bad = request.body.find("Fail") != std::string::npos;
      const std::string body =
          bad ? json{{"error", {{"message", "no access for " + key}}}}.dump() : chat_reply("you sent " + authorization);
      net::http_headers headers = json_type();
      headers.add("x-request-id", key);
      const auto sent = co_await reply.send(bad ? 400 : 200, headers, body);
      (void)sent;
    });
    ::setenv("OPENAI_API_KEY", key.c_str(), 1);

    std::string shown;
    console_options c;
    c.write = [&](std::string_view bytes) { shown += bytes; };
    console screen(c);
    auto o = s.options(plan_with(key), {{"endpoint.base_url", url}}, {{"OPENAI_API_KEY", key}});
    o.on_event = [&](const event& e) { screen(e); };
    const auto r = s.run(std::move(o));
    ::unsetenv("OPENAI_API_KEY");
    REQUIRE(r);
    screen.finish(r->run.metrics, r->run.state, r->output_folder.string());

    CHECK(sent_key);
    CHECK(r->run.find("echo")->success());
    CHECK(r->run.find("bad")->state == task_state::failed);
    CHECK(r->run.find("print")->success());
    CHECK(r->run.find("fail")->state == task_state::failed);
    const std::string left = everything_below(r->output_folder);
    CHECK(left.find("[redacted]") != std::string::npos);
    check_absent(left, key);
    check_absent(shown, key);
    check_absent(dump_json(r->summary), key);
    for (const auto& line : s.log) check_absent(line, key);
  }
}

TEST_CASE("errors that keep a session from running do not tell the key") {
  stage s;
  const std::string key = keys.front();
  const auto r = s.run(s.options(
      "agents: {a: {kind: llm, model: m}}\ntasks: [{id: " + key + ", agent: a, description: x, depends_on: []}]",
      {{"endpoint.base_url", "http://[bad/v1"}}, {{"OPENAI_API_KEY", key}}));
  REQUIRE(r.has_error());
  check_absent(r.error().message, key);
}

TEST_CASE("a redacted event keeps everything else") {
  redactor redact;
  redact.add(secret("sk-secret-0123456789"));
  task_result ended;
  ended.id = "t";
  ended.reason = "because of sk-secret-0123456789";
  ended.output = task_output(json{{"list", {"sk-secret-0123456789", 1}}});
  event e;
  e.type = event_type::task_ended;
  e.task_id = "t";
  e.result = &ended;
  e.data = json{{"sk-secret-0123456789", true}};
  const redacted_event clean(e, redact);
  CHECK(clean.value().task_id == "t");
  CHECK(clean.value().result->reason == "because of [redacted]");
  CHECK(clean.value().result->output.value == json{{"list", {"[redacted]", 1}}});
  CHECK(clean.value().data == json{{"[redacted]", true}});
  CHECK(ended.reason == "because of sk-secret-0123456789");
}
