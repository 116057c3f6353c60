#pragma once

#include <algorithm>
#include <map>
#include <set>
#include <stdexcept>
#include <string>
#include <vector>

#include <corchestra/async/scope.hpp>
#include <corchestra/async/sleep.hpp>
#include <corchestra/testing/fault_injection.hpp>
#include <corchestra/testing/virtual_time.hpp>

#include "support/plans.hpp"

namespace corchestra::tests {

/// A small plan with locks, children and retries on two slots, whose agent suffers faults by chance. It knows what the
/// bodies saw and what the events told, and asks what is held twice a second.
class fault_world {
 public:
  enum class cancels : bool { no, yes };

  fault_world(testing::virtual_time_context& time, std::uint64_t fault_seed, cancels c)
      : time_(time), orchestrator_(time.executor(), {.run_id = "run"}) {
    using kind = testing::fault::kind;
    faults->by_chance(
        fault_seed, 0.3,
        {{.what = kind::fail},
         {.what = kind::throws, .after = std::chrono::milliseconds(300)},
         {.what = kind::cut, .after = std::chrono::milliseconds(700)},
         {.what = kind::stall},
         {.what = kind::deaf, .by = std::chrono::seconds(40)},
         {.what = kind::slow, .by = std::chrono::seconds(2)},
         {.what = c == cancels::yes ? kind::cancel_run : kind::cancel_task, .after = std::chrono::milliseconds(500)}});
    orchestrator_.agents().add("a", faults);
  }

  run_result play() {
    run_callbacks callbacks;
    callbacks.on_event = [this](const event& e) { see(e); };
    auto r = orchestrator_.start(tasks(), std::move(callbacks)).value();
    faults->attach(r);
    auto all = [&]() -> awaitable<run_result> {
      scope watch(co_await asio::this_coro::executor);
      watch.spawn([&] { return look(r); });
      auto end = co_await r.wait();
      ended_ = true;
      locks_at_end = co_await r.locks();
      status_at_end = co_await r.status();
      co_await watch.join();
      co_return end;
    };
    auto end = time_.run(all());
    if (!broken_.empty()) throw std::logic_error(broken_);
    return end;
  }

  std::shared_ptr<testing::faulty_agent> faults =
      std::make_shared<testing::faulty_agent>(make_agent([this](task_context c) { return body(std::move(c)); }));
  std::vector<std::string> records;                // the events, as lines of events.jsonl
  std::map<std::string, int> recorded, completed;  // results by task, as told
  std::map<std::string, task_state> states;
  std::vector<lock_status> locks_at_end;
  run_status status_at_end;
  std::size_t most_under_way = 0;  // running, with those that wait for a child
  static constexpr std::size_t slots = 2;

 private:
  static task_plan tasks() {
    const auto with = [](task_call c, std::vector<resource_request> resources) {
      c.resources = std::move(resources);
      return c;
    };
    auto p = plan({with(task("writes"), {{"db"}}), with(task("reads"), {{"db", lock_mode::shared}}),
                   with(task("reads too"), {{"db", lock_mode::shared}, {"file:out/a"}}), task("parent"),
                   with(task("parent with lock"), {{"directory:out"}}), task("after both", {"parent", "writes"}),
                   task("subtree", {"parent/*"}), with(task("last", {"reads"}), {{"db"}, {"file:out/a"}})},
                  slots);
    p.options.retry = {.max_retries = 2, .first_delay = std::chrono::seconds(1), .jitter = false};
    p.options.limits.default_start_to_close = std::chrono::seconds(8);
    return p;
  }

  awaitable<result<task_output>> body(task_context c) {
    const std::string id = c.task().id;
    must(!c.cancelled(), id + " was begun after its cancellation");
    must(!completed.contains(id), id + " had completed and is run again");
    const inside here(*this, c.task());
    co_await sleep_for(std::chrono::seconds(1));
    if (id.starts_with("parent") && id.find('/') == std::string::npos) {
      auto child = task("child");
      child.resources = {{"service:" + id}};
      result<task_result> ended = co_await c.call(std::move(child));
      if (ended.has_error()) co_return ended.error();
      const auto later = c.spawn(task("later"));
      if (later.has_error()) co_return later.error();
    }
    co_return task_output(id);
  }

  /// The locks of a body under way: a throw takes them back as an end does.
  struct inside {
    inside(fault_world& w, const task_call& c) : world(w), call(c) {
      for (const auto& r : call.resources) {
        auto& users = world.using_[r.id];
        world.must(users.empty() || (r.mode == lock_mode::shared && world.shared_.contains(r.id)),
                   call.id + " meets another at " + r.id);
        users.insert(call.id);
        if (r.mode == lock_mode::shared) world.shared_.insert(r.id);
      }
    }
    inside(const inside&) = delete;
    ~inside() {
      for (const auto& r : call.resources) {
        world.using_[r.id].erase(call.id);
        if (world.using_[r.id].empty()) world.shared_.erase(r.id);
      }
    }
    fault_world& world;
    const task_call call;
  };

  void see(const event& e) {
    records.push_back(to_record(e, clock_anchor{}).dump());
    if (e.task_id.empty()) return;
    const std::string id(e.task_id);
    if (states[id] != e.state) changed_[id] = e.at;
    states[id] = e.state;
    if (e.type == event_type::attempt_started) must(!recorded.contains(id), id + " begins after its result");
    if (e.type != event_type::task_ended) return;
    ++recorded[id];
    if (e.result->success()) ++completed[id];
  }

  awaitable<void> look(corchestra::run r) {
    while (!ended_) {
      const auto locks = co_await r.locks();
      const auto at = co_await now();
      // The answer is of this moment, in which the task may have changed since.
      const auto runs = [&](const std::string& id) { return states[id] == task_state::running; };
      for (const auto& l : locks) {
        for (const auto& id : l.holders)
          must(l.quarantined || runs(id) || changed_[id] == at, id + " does not run and holds " + l.resource);
        for (const auto& id : l.waiters)
          must(!runs(id) || changed_[id] == at, id + " runs and queues at " + l.resource);
      }
      const auto s = co_await r.status();
      const auto working = std::count_if(s.running.begin(), s.running.end(),
                                         [](const task_status& t) { return t.waiting == wait_reason::none; });
      must(static_cast<std::size_t>(working) <= slots, "more work than there are slots");
      most_under_way = std::max(most_under_way, s.running.size());
      co_await sleep_for(std::chrono::milliseconds(500));
    }
  }

  /// What bodies and callbacks throw is contained by the run, so it is kept for the end.
  void must(bool holds, const std::string& what) {
    if (!holds && broken_.empty()) broken_ = what;
  }

  testing::virtual_time_context& time_;
  std::string broken_;
  std::map<std::string, time_point> changed_;  // when a task's state was last another
  orchestrator orchestrator_;
  std::map<std::string, std::set<std::string>> using_;
  std::set<std::string> shared_;
  bool ended_ = false;
};

}  // namespace corchestra::tests
