#include <corchestra/core/compiled_plan.hpp>

#include <rapidcheck.h>
#include <corchestra/base/text.hpp>
#include <set>

#include "core/hand_run.hpp"
#include "core/random_world.hpp"

using namespace corchestra;
using namespace corchestra::tests;
using namespace std::chrono_literals;

namespace {

compiled_plan compiled(run_options o, std::vector<task_call> calls) {
  auto plan = compile_plan({std::move(o), std::move(calls)});
  REQUIRE(plan.has_value());
  return *plan;
}

/// Tasks that ask for nothing but their dependencies: those of which runs take over what was worked out.
task_plan plain_plan(std::mt19937_64& random) {
  const auto pick = [&](int from, int to) { return from + static_cast<int>(random() % static_cast<std::uint64_t>(to - from + 1)); };
  task_plan plan;
  auto& o = plan.options;
  o.order = static_cast<start_order>(pick(0, 5));
  o.score = [](const task_call& c) { return static_cast<double>(c.id.size()) - c.priority; };
  o.mode = pick(0, 3) == 0 ? scheduling_mode::sequential : scheduling_mode::automatic;
  o.limits.max_concurrent_tasks = static_cast<std::uint32_t>(pick(1, 6));
  if (pick(0, 1) == 0) {
    auto learnt = std::make_shared<duration_book>();
    for (int i = 0; i < 4; ++i) learnt->learn("type" + std::to_string(i), "agent" + std::to_string(i), std::chrono::seconds(pick(1, 90)));
    o.durations = std::move(learnt);
  }
  const int n = pick(1, 40), kinds = pick(0, 2) == 0 ? 1 : pick(1, 12), priorities = pick(0, 1) * 3, most_needs = pick(0, 1) * 3;
  for (int i = 0; i < n; ++i) {
    task_call c = of_agent("t" + std::to_string(i), "agent" + std::to_string(pick(0, kinds - 1)));
    if (pick(0, 1) == 0) c.task_type = "type" + std::to_string(pick(0, kinds - 1));
    c.priority = pick(0, priorities) * 10;
    for (int d = pick(-1, most_needs); d > 0 && i > 0; --d) c.depends_on.push_back("t" + std::to_string(pick(0, i - 1)) + (pick(0, 9) == 0 ? "/*" : ""));
    plan.tasks.push_back(std::move(c));
  }
  if (pick(0, 2) > 0) std::shuffle(plan.tasks.begin(), plan.tasks.end(), random);
  return plan;
}

/// Plays a run; the seed says how long bodies take and which of them fail, spawn or submit. Gives back all that was told.
std::string log_of(scheduler& s, std::string& log, std::uint64_t seed, const std::function<void(time_point)>& begin) {
  std::mt19937_64 random(seed);
  time_point now{};
  begin(now);
  for (int state = 0; state < task_state_count; ++state) log += std::to_string(s.count(static_cast<task_state>(state))) + " ";
  for (task_index t = 0; t < s.size(); ++t) log += concat(to_string(s.state(t)), " ", to_string(s.waiting(t)), "\n");
  std::multimap<time_point, std::pair<task_index, std::uint32_t>> ends;
  while (!s.finished()) {
    while (const auto c = s.next_start(now)) ends.emplace(now + std::chrono::seconds(random() % 5), std::pair(c->task, c->attempt));
    REQUIRE(!ends.empty());
    const auto [at, attempt] = *ends.begin();
    ends.erase(ends.begin());
    now = std::max(now, at);
    const auto note = [&](const auto& r) { log += r.has_value() ? "taken\n" : r.error().message + "\n"; };
    if (random() % 8 == 0) note(s.spawn(attempt.first, call("child", {s.call(0).id}), now));
    if (random() % 8 == 0) note(s.submit({call("late", {s.call(attempt.first).id})}, now));
    scheduler::attempt_end end;
    if (random() % 10 == 0) end.failure = fail(errc::task_failed, "no");
    s.attempt_ended(attempt.first, attempt.second, std::move(end), now);
  }
  return log;
}

/// `each_step`: who is told of less gets all first tasks of a compiled plan queued at once.
std::string log_of(const task_plan& plan, bool from_compiled, bool each_step, std::uint64_t seed) {
  std::string log;
  const event_sink sink = [&](const event& e) { log += dump_json(to_record(e, {})) + "\n"; };
  const auto tell = [&](scheduler& s) {
    using enum event_type;
    each_step ? s.tell(sink) : s.tell(sink, {attempt_started, attempt_ended, task_ended, run_ended});
  };
  if (from_compiled) {
    const auto c = compiled(plan.options, plan.tasks);
    scheduler s("run", c, {});
    tell(s);
    return log_of(s, log, seed, [&](time_point now) { s.begin(now); });
  }
  scheduler s("run", plan.options, {});
  tell(s);
  return log_of(s, log, seed, [&](time_point now) { s.begin(plan.tasks, now); });
}

}  // namespace

TEST_CASE("a run of a compiled plan tells what a run of the plan tells, byte for byte") {
  for (std::uint64_t seed = 300'001; seed <= 300'400; ++seed) {
    random_world once(seed, 16, true, random_world::form::plan), shared(seed, 16, true, random_world::form::compiled);
    once.run();
    shared.run();
    INFO("seed " << seed);
    REQUIRE(once.log == shared.log);
  }
  REQUIRE(rc::check("plain tasks in any order", [] {
    const auto seed = *rc::gen::arbitrary<std::uint64_t>();
    std::mt19937_64 random(seed);
    const task_plan plan = plain_plan(random);
    for (const bool each_step : {true, false}) RC_ASSERT(log_of(plan, false, each_step, seed) == log_of(plan, true, each_step, seed));
  }));
}

TEST_CASE("the runs of a compiled plan share its task calls and do not touch one another") {
  const auto plan = compiled(slots(2), {call("a"), call("b", {"a"})});
  scheduler first("first", plan, {}), second("second", plan, {});
  first.begin(time_point(1s));
  second.begin(time_point(2s));
  CHECK(&first.call(1) == &plan.tasks()[1]);
  CHECK(&second.call(1) == &plan.tasks()[1]);
  const auto a = first.next_start(time_point(3s));
  REQUIRE(a.has_value());
  first.attempt_ended(a->task, a->attempt, {}, time_point(3s));
  CHECK(first.state(0) == task_state::completed);
  CHECK(second.state(0) == task_state::ready);
  CHECK(second.state(1) == task_state::waiting);
}

TEST_CASE("a run of a compiled plan takes more tasks: ids of the plan are known to it, and to no other run") {
  const auto plan = compiled(slots(2), {call("a"), call("b", {"a"})});
  scheduler one("one", plan, {}), other("other", plan, {});
  one.begin({});
  other.begin({});
  const auto again = one.submit({call("b")}, {});
  REQUIRE(again.has_error());
  CHECK(again.error().is(errc::duplicate_task));
  REQUIRE(one.submit({call("c", {"b"})}, {}));
  CHECK(one.find("c") == 2);
  CHECK(one.find("a") == 0);
  CHECK(other.find("c") == no_task);
  CHECK(other.find("b") == 1);
}

TEST_CASE("a plan that no run could begin is not compiled, and the error names the place") {
  const auto error_of = [](task_plan p, const std::function<bool(std::string_view)>& known = {}) {
    const auto plan = compile_plan(std::move(p), known);
    REQUIRE(plan.has_error());
    return plan.error();
  };
  CHECK(error_of({{}, {call("a", {"b"}), call("b", {"a"})}}).is(errc::dependency_cycle));
  CHECK(error_of({{}, {call("a", {"x"})}}).is(errc::unknown_task));
  CHECK(error_of({slots(0), {call("a")}}).is(errc::invalid_argument));
  const auto nobody = error_of({{}, {call("a")}}, [](std::string_view) { return false; });
  CHECK(nobody.is(errc::unknown_agent));
  CHECK(nobody.message == "task 'a': no agent named 'a' is registered");
}

TEST_CASE("a compiled plan names its agents once each") {
  const auto plan = compiled({}, {of_agent("x", "two"), of_agent("y", "one"), of_agent("z", "two")});
  CHECK(std::vector<std::string>(plan.agents().begin(), plan.agents().end()) == std::vector<std::string>{"two", "one"});
}

TEST_CASE("runs of a compiled plan that keep only what failed leave the plan as it is") {
  run_options o = slots(1);
  o.keep = keep_results::failed;
  const auto plan = compiled(o, {call("a"), call("b", {"a"})});
  for (int i = 0; i < 2; ++i) {
    scheduler s("run", plan, {});
    s.begin({});
    for (int task = 0; task < 2; ++task) {
      const auto c = s.next_start({});
      REQUIRE(c.has_value());
      CHECK(s.call(c->task).id == plan.tasks()[static_cast<std::size_t>(task)].id);
      s.attempt_ended(c->task, c->attempt, {}, time_point{});
    }
    CHECK(s.finished());
    CHECK(s.find("a") == no_task);
  }
  CHECK(plan.tasks()[0].id == "a");
}

TEST_CASE("a run that lets go of its functions leaves them to the other runs of its plan") {
  run_options o = slots(1);
  o.order = start_order::custom;
  o.score = [](const task_call& c) { return c.id == "late" ? 0.0 : 1.0; };
  const auto plan = compiled(o, {call("late"), call("soon")});
  scheduler first("first", plan, {}), second("second", plan, {});
  first.forget_functions();
  CHECK_FALSE(first.options().score);
  CHECK(first.options().order == start_order::custom);
  second.begin({});
  CHECK(second.call(second.next_start({})->task).id == "soon");
}

TEST_CASE("an agent, or a run, that was paused before the run of a compiled plan begins starts nothing") {
  run_options o;
  o.stay_open = true;
  const auto plan = compiled(o, {of_agent("x", "one"), of_agent("y", "two")});
  for (const char* agent : {"two", "nobody", ""}) {
    scheduler s("run", plan, {});
    s.pause(agent, {});
    s.begin({});
    std::vector<std::string> started;
    while (const auto c = s.next_start({})) {
      started.push_back(s.call(c->task).id);
      CHECK(s.agent_name(s.agent_number(c->task)) == s.call(c->task).agent);
      CHECK(plan.agents()[s.agent_number(c->task)] == s.call(c->task).agent);
    }
    INFO(agent);
    CHECK(started == (*agent == '\0' ? std::vector<std::string>{} : *agent == 't' ? std::vector<std::string>{"x"} : std::vector<std::string>{"x", "y"}));
  }
}

TEST_CASE("who asks for an id while the run of a compiled plan begins gets no number before there is one") {
  const auto plan = compiled({}, {call("a"), call("b")});
  scheduler* machine = nullptr;
  std::vector<task_index> seen;
  scheduler s("run", plan, [&](const event& e) {
    if (e.type == event_type::task_submitted) seen.push_back(machine->find("b"));
  });
  machine = &s;
  s.begin({});
  CHECK(seen == std::vector<task_index>{no_task, no_task});
  CHECK(s.find("b") == 1);
}

TEST_CASE("a compiled plan without tasks has runs that end at once") {
  scheduler s("run", compiled({}, {}), {});
  s.begin({});
  CHECK(s.finished());
  CHECK(s.state() == run_state::completed);
}
