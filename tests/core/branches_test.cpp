// Conditional branches: a task's result chooses which of its dependants run.
#include "core/hand_run.hpp"

using namespace corchestra;
using namespace corchestra::tests;
using ids = hand_run::ids;

namespace {

task_call chooser(std::string pointer = "/route") {
  return ruled(call("choose"), [&](task_rules& r) {
    r.branch = branch_rule{std::move(pointer), {{"fast", {"fast"}}, {"deep", {"deep", "deeper"}}}, {"fallback"}};
  });
}

hand_run chosen(json output, std::string pointer = "/route") {
  hand_run r({}, {chooser(std::move(pointer)), call("fast", {"choose"}), call("deep", {"choose"}),
                  call("deeper", {"choose"}), call("fallback", {"choose"}), call("always", {"choose"})});
  r.start();
  r.end("choose", std::move(output));
  return r;
}

}  // namespace

TEST_CASE("[C37] the value that stands in the output chooses, and those no case names run anyway") {
  auto r = chosen({{"route", "deep"}});
  CHECK(r.start() == ids{"deep", "deeper", "always"});
  for (const auto* id : {"fast", "fallback"}) {
    CHECK(r.state(id) == task_state::skipped);
    CHECK(r.result(id).skipped == skip_cause::branch_not_taken);
    CHECK(r.result(id).reason == "branch_not_taken: 'choose' chose another branch");
  }
}

TEST_CASE("[C38] without an equal case, or with nothing at the pointer, `otherwise` runs") {
  CHECK(chosen({{"route", "else"}}).start() == ids{"fallback", "always"});
  CHECK(chosen({{"road", "deep"}}).start() == ids{"fallback", "always"});
  CHECK(chosen(nullptr).start() == ids{"fallback", "always"});
}

TEST_CASE("an empty pointer compares the whole output") { CHECK(chosen("fast", "").start() == ids{"fast", "always"}); }

TEST_CASE("what the body says itself is stronger than the rule") {
  hand_run r({}, {chooser(), call("fast", {"choose"}), call("deep", {"choose"}), call("deeper", {"choose"}),
                  call("fallback", {"choose"})});
  r.start();
  task_output out(json{{"route", "deep"}});
  out.branch = std::vector<std::string>{"fast"};
  r.end_with("choose", {{}, out});
  CHECK(r.start() == ids{"fast"});
}

TEST_CASE("a body may choose without a rule: then it names all that run") {
  hand_run r({}, {call("choose"), call("x", {"choose"}), call("y", {"choose"})});
  r.start();
  task_output out;
  out.branch = std::vector<std::string>{"y"};
  r.end_with("choose", {{}, out});
  CHECK(r.start() == ids{"y"});
  CHECK(r.result("x").skipped == skip_cause::branch_not_taken);
}

TEST_CASE("a body that chooses what is no task, or what does not wait for it, has failed") {
  const auto choose = [](std::string id, run_options o = {}) {
    const auto chooses = ruled(call("choose"), [](task_rules& t) { t.state_key = "k"; });
    hand_run r(std::move(o), {chooses, call("x", {"choose"}), call("other")});
    r.start();
    task_output out(1);
    out.branch = std::vector<std::string>{std::move(id)};
    r.end_with("choose", {{}, out});
    return r;
  };
  const auto typo = choose("y");
  CHECK(typo.state("choose") == task_state::failed);
  CHECK(typo.result("choose").error->is(errc::unknown_task));
  CHECK(typo.result("choose").reason == "the output of 'choose': its branch names 'y', which is no task of the run");
  CHECK(typo.result("x").skipped == skip_cause::upstream_failed);
  CHECK(typo.s.shared_state() == json::object());
  const auto loose = choose("other");
  CHECK(loose.result("choose").error->is(errc::invalid_argument));
  CHECK(loose.result("choose").reason == "the output of 'choose': its branch names 'other', which does not depend on it");
  run_options again;
  again.retry = {.max_retries = 1, .first_delay = {}};
  auto retried = choose("y", again);
  retried.pass({});
  CHECK(retried.start() == ids{"choose"});
}

TEST_CASE("a body may choose a child that it has staged, and a dependant that is forgotten") {
  run_options o;
  o.keep = keep_results::failed;
  const auto gone = ruled(call("gone", {"choose", "fast"}), [](task_rules& t) { t.join = join_policy::one_success; });
  hand_run r(o, {call("choose"), call("fast"), gone});
  r.start();
  r.end("fast");
  CHECK(r.start() == ids{"gone"});
  r.end("gone");
  CHECK(r.s.find("gone") == no_task);
  REQUIRE(r.s.stage(r.at("choose"), 1, call("child")));
  task_output out;
  out.branch = std::vector<std::string>{"gone", "choose/child"};
  r.end_with("choose", {{}, out});
  CHECK(r.start() == ids{"choose/child"});
  r.end("choose/child");
  CHECK(r.s.state() == run_state::completed);
}

TEST_CASE("a failed chooser chooses nothing: all are skipped for its failure") {
  hand_run r({}, {chooser(), call("fast", {"choose"}), call("deep", {"choose"}), call("deeper", {"choose"}),
                  call("fallback", {"choose"})});
  r.start();
  r.fail_task("choose");
  for (const auto* id : {"fast", "deep", "fallback"}) CHECK(r.result(id).skipped == skip_cause::upstream_failed);
}

TEST_CASE("branches not taken are a good end of a run") {
  auto r = chosen({{"route", "fast"}});
  r.start();
  r.end("fast");
  r.end("always");
  CHECK(r.s.finished());
  CHECK(r.s.state() == run_state::completed);
}

TEST_CASE("[L21] a branch names tasks of the run that depend on it") {
  hand_run r;
  const auto unknown = r.s.validate({chooser(), call("fast", {"choose"})});
  REQUIRE(unknown.has_error());
  CHECK(unknown.error().is(errc::unknown_task));
  CHECK(unknown.error().message == "task 'choose': a branch names 'fallback', which is no task of the run");
  const auto loose = r.s.validate(
      {chooser(), call("fast"), call("deep", {"choose"}), call("deeper", {"choose"}), call("fallback", {"choose"})});
  REQUIRE(loose.has_error());
  CHECK(loose.error().message == "task 'choose': a branch names 'fast', which does not depend on it");
}
