#include <catch2/catch_test_macros.hpp>

#include "stage.hpp"
#include "support/open_files.hpp"

using namespace corchestra;
using tests::stage;

namespace {

constexpr std::string_view mixed = R"(
defaults: {model: m}
agents:
  model: {kind: llm}
  program: {kind: command, argv: [sh, -c, "echo done"]}
  broken: {kind: command, argv: [no-such-program]}
tasks:
  - {id: ask, agent: model, description: Say hello, depends_on: []}
  - {id: ask_more, agent: model, description: Say it again, depends_on: []}
  - {id: work, agent: program, description: Work, depends_on: [ask]}
  - {id: work_more, agent: program, description: Work more, depends_on: []}
  - {id: fails, agent: broken, description: Fail, depends_on: []}
)";

void play() {
  stage s;
  const auto r = s.run(s.options(mixed, {{"endpoint.base_url", s.simulate()}}));
  REQUIRE(r);
  CHECK(s.simulated().stats().calls == 2);
  CHECK(s.read("results.jsonl").find("\"work\"") != std::string::npos);
}

}  // namespace

TEST_CASE("[I1] a session with models and programs leaves no socket, pipe or file open") {
  play();  // what the process keeps for itself is opened here
  const auto before = tests::open_files();
  for (int i = 0; i < 3; ++i) play();
  CHECK(tests::open_files() == before);
}
