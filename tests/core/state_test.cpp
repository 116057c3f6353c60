// The run's shared state: outputs merged by named reducers.
#include "core/hand_run.hpp"

using namespace corchestra;
using namespace corchestra::tests;
using ids = hand_run::ids;

namespace {

task_call writing(std::string id, std::string key) {
  return ruled(call(std::move(id)), [&](task_rules& r) { r.state_key = std::move(key); });
}

/// What the key `k` has after these outputs, in this order.
json merged(std::string reducer, std::vector<json> outputs) {
  run_options o;
  if (!reducer.empty()) o.reducers["k"] = std::move(reducer);
  std::vector<task_call> calls;
  for (std::size_t i = 0; i < outputs.size(); ++i) calls.push_back(writing("t" + std::to_string(i), "k"));
  hand_run r(o, calls);
  r.start();
  for (std::size_t i = 0; i < outputs.size(); ++i) r.end("t" + std::to_string(i), outputs[i]);
  return r.s.shared_state()["k"];
}

}  // namespace

TEST_CASE("[B12] outputs are merged under their key by the reducer that the run names") {
  CHECK(merged("", {1, 2, 3}) == 3);
  CHECK(merged("last", {1, 2, 3}) == 3);
  CHECK(merged("append", {1, {2, 3}, "x"}) == json{1, {2, 3}, "x"});
  CHECK(merged("sum", {1, 2, 3}) == 6);
  CHECK(merged("sum", {1, 0.5}) == 1.5);
  CHECK(merged("min", {5, 2, 3}) == 2);
  CHECK(merged("max", {2, 5, 3}) == 5);
  CHECK(merged("union", {{1, 2}, {2, 3}, 3, 4}) == json{1, 2, 3, 4});
  CHECK(merged("merge", {json{{"a", 1}, {"b", 1}}, json{{"b", 2}}}) == json{{"a", 1}, {"b", 2}});
}

TEST_CASE("what does not fit a reducer does not spoil what is there") { CHECK(merged("sum", {1, "x", 2}) == 3); }

TEST_CASE("[X15][B13] only a success changes the state, at its commit and nowhere else") {
  hand_run r({}, {writing("fails", "k"), writing("works", "k"), call("silent")});
  r.start();
  CHECK(r.s.shared_state() == json::object());
  r.fail_task("fails");
  r.end("silent", "unheard");
  CHECK(r.s.shared_state() == json::object());
  r.end("works", "heard");
  CHECK(r.s.shared_state() == json{{"k", "heard"}});
  static_assert(std::is_const_v<std::remove_reference_t<decltype(r.s.shared_state())>>);
}

TEST_CASE("a dependant finds the state with its upstream's part in it") {
  hand_run r({}, {writing("first", "k"), call("second", {"first"})});
  r.start();
  r.end("first", 7);
  CHECK(r.start() == ids{"second"});
  CHECK(r.s.shared_state()["k"] == 7);
}

TEST_CASE("a reducer of the program's own is asked with what was there") {
  run_options o;
  o.custom_reducers["k"] = [](json before, const json& output) { return json{before, output}; };
  o.reducers["k"] = "sum";
  hand_run r(o, {writing("a", "k"), writing("b", "k")});
  r.start();
  r.end("a", 1);
  r.end("b", 2);
  CHECK(r.s.shared_state()["k"] == json{{nullptr, 1}, 2});
}

TEST_CASE("[L21] a reducer that does not exist is refused with those that do") {
  run_options o;
  o.reducers["k"] = "concat";
  hand_run r(o);
  CHECK(r.s.validate({call("t")}).error().message ==
        "state key 'k': there is no reducer 'concat'; there are last, append, merge, sum, min, max, union");
}

TEST_CASE("a loop changes the state when it has ended, not in every iteration") {
  auto t = ruled(writing("t", "k"), [](task_rules& r) { r.repeat = loop_rule{"/done", true, 5}; });
  run_options o;
  o.reducers["k"] = "append";
  hand_run r(o, {t});
  r.start();
  r.end("t", {{"done", false}});
  CHECK(r.s.shared_state() == json::object());
  r.start();
  r.end("t", {{"done", true}});
  CHECK(r.s.shared_state()["k"].size() == 1);
}
