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
