#include <catch2/catch_test_macros.hpp>

#include "stage.hpp"

using namespace corchestra;
using tests::stage;

namespace {

constexpr std::string_view asking = R"(
agents: {c: {kind: command, argv: [echo, done]}}
tasks:
  - {id: publish, agent: c, description: x, depends_on: [], approval: Publish it}
  - {id: advertise, agent: c, description: x, depends_on: [],
     approval: {message: Advertise it, timeout: 1h, default: approve}}
)";

}  // namespace

TEST_CASE("questions without a time limit need somebody who answers: refused before anything runs") {
  stage s;
  auto o = s.options(asking);
  o.somebody_answers = false;
  const auto r = s.run(std::move(o));
  REQUIRE(r.has_error());
  CHECK(exit_code_of(r.error()) == exit_code::usage);
  CHECK(r.error().message.starts_with("plan.yaml: task 'publish' waits for an approval without a time limit"));
  CHECK_FALSE(std::filesystem::exists(s.folder.path() / "out"));
}

TEST_CASE("answers in advance: yes, no, or what the passing of the time limit would mean") {
  const auto states = [](approval_answers how) {
    stage s;
    auto o = s.options(asking);
    o.approvals = how;
    o.somebody_answers = false;
    const auto r = s.run(std::move(o));
    REQUIRE(r);
    return std::pair(r->run.find("publish")->state, r->run.find("advertise")->state);
  };
  using enum task_state;
  CHECK(states(approval_answers::approve) == std::pair(completed, completed));
  CHECK(states(approval_answers::refuse) == std::pair(cancelled, cancelled));
  CHECK(states(approval_answers::standard) == std::pair(cancelled, completed));
}

TEST_CASE("whoever holds the run answers its questions") {
  stage s;
  auto o = s.options(asking);
  std::optional<run> handle;
  o.on_started = [&](run r) { handle = std::move(r); };
  o.on_event = [&](const event& e) {
    if (e.type == event_type::approval_requested) handle->request_answer(std::string(e.task_id), true, "go on");
  };
  const auto r = s.run(std::move(o));
  REQUIRE(r);
  CHECK(r->run.success());
}

TEST_CASE("a tool that asks needs somebody who answers, and only where it is offered") {
  constexpr std::string_view plan = R"(
tools: {t: {description: d, argv: [echo, done], approval: true}}
agents: {w: {kind: llm, model: m, tools: [t]}}
tasks:
  - {id: free, agent: w, description: x, depends_on: [], tools: []}
  - {id: asks, agent: w, description: x, depends_on: []}
)";
  stage s;
  auto o = s.options(plan, {{"endpoint.base_url", s.simulate()}});
  o.somebody_answers = false;
  const auto r = s.run(std::move(o));
  REQUIRE(r.has_error());
  CHECK(r.error().message ==
        "plan.yaml: task 'asks' may call the tool 't', which asks for approval, and there is no "
        "terminal to ask on: use --approve all, none or default");
  for (const auto& [how, outcome] :
       {std::pair(approval_answers::approve, "ok"), std::pair(approval_answers::refuse, "refused"),
        std::pair(approval_answers::standard, "refused")}) {
    stage again;
    auto answered = again.options(plan, {{"endpoint.base_url", again.simulate()}});
    answered.approvals = how;
    answered.somebody_answers = false;
    const auto ran = again.run(std::move(answered));
    REQUIRE(ran);
    CHECK(ran->run.success());
    std::vector<std::string> outcomes;
    for (const auto& e : again.read_lines("events.jsonl"))
      if (e["type"] == "tool_ended") outcomes.push_back(e["data"]["outcome"]);
    CHECK(outcomes == std::vector<std::string>{outcome});
  }
}
