// Functions of the user that throw: contained where they are called.
#include <stdexcept>

#include "core/hand_run.hpp"

using namespace corchestra;
using namespace corchestra::tests;
using namespace std::chrono_literals;
using ids = hand_run::ids;

TEST_CASE("an error handler that throws means the standard decision, and a warning") {
  run_options o;
  o.on_error = [](const task_call&, std::uint32_t, const error&) -> error_decision {
    throw std::runtime_error("oops");
  };
  hand_run r(o, {call("t"), call("after", {"t"})});
  r.start();
  r.fail_task("t");
  CHECK(r.state("t") == task_state::failed);
  CHECK(r.state("after") == task_state::skipped);
  CHECK(r.s.finished());
  const auto warnings = r.of(event_type::warning, "t");
  REQUIRE(warnings.size() == 1);
  CHECK(warnings[0].data.at("message") == "on_error threw: oops");
}

TEST_CASE("a reducer that throws fails the attempt, and the state stays as it was") {
  run_options o;
  o.custom_reducers["k"] = [](json before, const json& output) -> json {
    if (output == 2) throw std::runtime_error("two");
    return before.is_null() ? output : json(before.get<int>() + output.get<int>());
  };
  const auto into = [](std::string id) { return ruled(call(std::move(id)), [](task_rules& t) { t.state_key = "k"; }); };
  hand_run r(o, {into("a"), into("b"), into("c")});
  r.start();
  r.end("a", 1);
  r.end("b", 2);
  r.end("c", 3);
  CHECK(r.state("b") == task_state::failed);
  CHECK(r.result("b").reason == "the output of 'b': the reducer of state key 'k' threw: two");
  CHECK(r.s.shared_state() == json{{"k", 4}});
  CHECK(r.s.finished());
}

TEST_CASE("sum refuses what is no number and goes on beyond the range of integers") {
  run_options o;
  o.reducers["k"] = "sum";
  const auto into = [](std::string id) { return ruled(call(std::move(id)), [](task_rules& t) { t.state_key = "k"; }); };
  hand_run r(o, {into("a"), into("b"), into("c")});
  r.start();
  r.end("a", std::numeric_limits<std::int64_t>::max());
  r.end("b", "text");
  CHECK(r.state("b") == task_state::failed);
  CHECK(r.result("b").reason == "the output of 'b': state key 'k': expected a number to sum, got \"text\"");
  r.end("c", 1);
  CHECK(r.s.shared_state().at("k") == 9223372036854775808.0);
}

TEST_CASE("merge refuses what is no object, min and max what is no number, and the state stays as it was") {
  const auto into = [](std::string id, const char* key) {
    return ruled(call(std::move(id)), [&](task_rules& t) { t.state_key = key; });
  };
  run_options o;
  o.reducers = {{"merged", "merge"}, {"least", "min"}, {"most", "max"}};
  hand_run r(o, {into("a", "merged"), into("b", "merged"), into("c", "merged"), into("d", "least"), into("e", "least"),
                 into("f", "most"), into("g", "most")});
  r.start();
  r.end("b", "sorry");
  CHECK(r.s.shared_state() == json::object());
  r.end("a", {{"x", 1}});
  r.end("c", {{"z", 3}});
  r.end("d", 2);
  r.end("e", "1");
  r.end("f", nullptr);
  r.end("g", 1.5);
  CHECK(r.s.shared_state() == json{{"merged", {{"x", 1}, {"z", 3}}}, {"least", 2}, {"most", 1.5}});
  for (const auto* id : {"b", "e", "f"}) CHECK(r.state(id) == task_state::failed);
  CHECK(r.result("b").reason == "the output of 'b': state key 'merged': expected an object to merge, got \"sorry\"");
  CHECK(r.result("e").reason == "the output of 'e': state key 'least': expected a number for min, got \"1\"");
  CHECK(r.result("f").reason == "the output of 'f': state key 'most': expected a number for max, got null");
  CHECK(r.s.state() == run_state::failed);
}

TEST_CASE("a substitute that does not match the task's schema fails the task") {
  for (const bool fits : {false, true}) {
    run_options o;
    o.reducers["k"] = "append";
    o.on_error = [fits](const task_call&, std::uint32_t, const error&) {
      error_decision d;
      d.what = error_decision::action::substitute;
      d.output = fits ? json::object() : json("not an object");
      return d;
    };
    hand_run r(o, {ruled(call("t"), [](task_rules& t) {
                     t.output_schema = {{"type", "object"}};
                     t.state_key = "k";
                   })});
    r.start();
    r.fail_task("t");
    CHECK(r.state("t") == (fits ? task_state::completed : task_state::failed));
    CHECK(r.s.shared_state() == (fits ? json{{"k", {json::object()}}} : json::object()));
    if (!fits) CHECK(r.result("t").reason.starts_with("the output of 't' does not match its schema"));
  }
}

TEST_CASE("a score that throws counts as 0, and is told once") {
  auto o = slots(1);
  o.order = start_order::custom;
  o.score = [](const task_call& c) -> double {
    if (c.id == "best") return 1;
    throw std::runtime_error("no score");
  };
  hand_run r(o, {call("a"), call("b"), call("best")});
  CHECK(r.start() == ids{"best"});
  CHECK(r.count(event_type::warning) == 1);
}
