// Options of a run and durations that cannot be: one error that names the option, before anything starts.
#include <functional>
#include <limits>

#include "core/hand_run.hpp"
#include "core/rate_window.hpp"

using namespace corchestra;
using namespace corchestra::tests;
using namespace std::chrono_literals;
using ids = hand_run::ids;

namespace {

/// What a run with such options is refused for; empty when it is not.
std::string refusal(const std::function<void(run_options&)>& set) {
  run_options o;
  set(o);
  hand_run r(std::move(o));
  const auto valid = r.s.validate({call("t")});
  if (valid.has_value()) return {};
  CHECK(valid.error().is(errc::invalid_argument));
  CHECK(r.s.validate({}).has_error());
  return valid.error().message;
}

}  // namespace

TEST_CASE("an option of a run that cannot be is refused by its name") {
  constexpr double nan = std::numeric_limits<double>::quiet_NaN();
  const auto* bad_retry = "a retry policy needs max_retries >= 0, factor >= 1, first_delay >= 0 and max_delay >= 0";
  const std::vector<std::pair<std::string, std::function<void(run_options&)>>> all = {
      {"limits.max_concurrent_tasks must be at least 1", [](auto& o) { o.limits.max_concurrent_tasks = 0; }},
      {"limits.run_timeout must be above zero", [](auto& o) { o.limits.run_timeout = -1s; }},
      {"limits.run_timeout must be above zero", [](auto& o) { o.limits.run_timeout = 0s; }},
      {"limits.default_start_to_close must be above zero", [](auto& o) { o.limits.default_start_to_close = -1s; }},
      {"limits.default_start_to_close must be above zero", [](auto& o) { o.limits.default_start_to_close = 0s; }},
      {"limits.cancel_grace cannot be negative", [](auto& o) { o.limits.cancel_grace = -1s; }},
      {"limits.max_depth must be at most 65,535", [](auto& o) { o.limits.max_depth = 65'536; }},
      {"give_up_after cannot be negative", [](auto& o) { o.give_up_after = -1ns; }},
      {"group 'g': timeout must be above zero", [](auto& o) { o.groups["g"].timeout = -1s; }},
      {"group 'g': timeout must be above zero", [](auto& o) { o.groups["g"].timeout = 0s; }},
      {"group 'g': max_failed_percent must be from 0 to 100", [](auto& o) { o.groups["g"].max_failed_percent = -1; }},
      {"group 'g': max_failed_percent must be from 0 to 100", [](auto& o) { o.groups["g"].max_failed_percent = 101; }},
      {"group 'g': max_failed_percent must be from 0 to 100", [=](auto& o) { o.groups["g"].max_failed_percent = nan; }},
      {"retry_budget cannot be negative", [](auto& o) { o.retry_budget = -0.1; }},
      {"retry_budget cannot be negative", [=](auto& o) { o.retry_budget = nan; }},
      {"budget: a limit cannot be negative", [](auto& o) { o.budget.run.tokens = -1; }},
      {"budget of agent 'a': a limit cannot be negative", [](auto& o) { o.budget.agents["a"].micro_dollars = -1; }},
      {bad_retry, [](auto& o) { o.retry.max_delay = -1s; }},
      {bad_retry, [](auto& o) { o.retry.first_delay = -1s; }},
  };
  for (const auto& [message, set] : all) CHECK(refusal(set) == message);
}

TEST_CASE("options at the edge of what can be are accepted") {
  CHECK(refusal([](auto&) {}).empty());
  CHECK(refusal([](auto& o) { o.limits.cancel_grace = 0s; }).empty());
  CHECK(refusal([](auto& o) { o.give_up_after = 0s; }).empty());
  CHECK(refusal([](auto& o) { o.retry.first_delay = o.retry.max_delay = 0s; }).empty());
  CHECK(refusal([](auto& o) { o.limits.default_start_to_close.reset(); }).empty());
  CHECK(refusal([](auto& o) { o.limits.run_timeout = o.limits.cancel_grace = duration::max(); }).empty());
  CHECK(refusal([](auto& o) { o.limits.max_spawned_tasks = o.limits.max_depth = 0; }).empty());
  CHECK(refusal([](auto& o) { o.limits.max_depth = 65'535; }).empty());
  CHECK(refusal([](auto& o) { o.budget.run.tokens = 0; }).empty());
}

TEST_CASE("mode sequential has one slot, whatever the limit says") {
  auto o = slots(0);
  o.mode = scheduling_mode::sequential;
  hand_run r(o, {call("a"), call("b")});
  CHECK(r.start() == ids{"a"});
}

TEST_CASE("a task's own retry policy with a negative delay is refused with the task's id") {
  auto t = call("t");
  t.retry = retry_policy{.max_retries = 1, .max_delay = -1s};
  hand_run r;
  const auto valid = r.s.validate({t});
  REQUIRE(valid.has_error());
  CHECK(valid.error().is(errc::invalid_argument));
  CHECK(valid.error().message.starts_with("task 't': a retry policy needs "));
}

TEST_CASE("a retry that on_error wants before now begins at once") {
  run_options o;
  o.retry.max_retries = 1;
  o.on_error = [](const task_call&, std::uint32_t, const error&) {
    error_decision d;
    d.what = error_decision::action::retry;
    d.delay = -1s;
    return d;
  };
  hand_run r(o, {call("t")});
  r.start();
  r.fail_task("t");
  REQUIRE(r.count(event_type::attempt_ended, "t") == 1);
  CHECK(r.of(event_type::attempt_ended, "t")[0].retry_in == duration(0));
  r.pass(0s);
  CHECK(r.start() == ids{"t"});
  r.end("t");
  CHECK(r.s.state() == run_state::completed);
}

TEST_CASE("a question whose time limit is not above zero is refused and not asked") {
  hand_run r({}, {call("t")});
  r.start();
  for (const duration limit : {duration(-1s), duration(0)}) {
    const auto asked = r.s.ask(r.at("t"), 1, {.message = "may I?", .timeout = limit}, r.now);
    REQUIRE(asked.has_error());
    CHECK(asked.error().is(errc::invalid_argument));
    CHECK(asked.error().message == "task 't': the time limit of a question must be above zero");
  }
  CHECK(r.count(event_type::approval_requested) == 0);
  CHECK(r.s.ask(r.at("t"), 1, {.message = "may I?", .timeout = 1s}, r.now).has_value());
}

TEST_CASE("a negative duration after a moment is that moment") {
  CHECK(detail::later(time_point(5s), -1s) == time_point(5s));
  CHECK(detail::later(time_point(5s), duration::min()) == time_point(5s));
  CHECK(detail::later(time_point(5s), 1s) == time_point(6s));
  CHECK(detail::later(time_point(5s), duration::max()) == time_point::max());
}
