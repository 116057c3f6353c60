#include <corchestra/monitor/console.hpp>

#include <catch2/catch_test_macros.hpp>

#include "monitor/scripted_run.hpp"
#include "support/found_text.hpp"

using namespace corchestra;
using namespace corchestra::tests;

namespace {

struct plain_console {
  std::string text;
  console c;
  scripted_run run;

  explicit plain_console(run_options o, console_options co = {})
      : c(writing(std::move(co))), run(std::move(o), [this](const event& e) { c(e); }) {}

  console_options writing(console_options co) {
    co.write = [this](std::string_view s) { text += s; };
    return co;
  }
  std::string finish(std::string_view folder = "out") {
    c.finish(run.metrics(), run.machine().state(), folder);
    return text;
  }
};

void run_b17(plain_console& p) {
  p.run.steps["kb"] = {{9.23, {}, 1000, 412}};
  p.run.steps["api"] = {{10.14}};
  p.run.steps["blog"] = {{8.91}};
  p.run.run({call("kb"), call("api"), call("blog")});
}

}  // namespace

TEST_CASE("[B21] [B22] [B23] a run's plain lines have the predecessors' shapes") {
  plain_console p(options(5));
  run_b17(p);
  CHECK(p.finish() ==
        "⚡ Starting parallel execution of 3 agents: [kb, api, blog]\n"
        "▶ kb started (agent)\n"
        "▶ api started (agent)\n"
        "▶ blog started (agent)\n"
        "✓ Agent blog completed (1/3) in 8.91s\n"
        "✓ Agent kb completed (2/3) in 9.23s\n"
        "✓ Agent api completed (3/3) in 10.14s\n"
        "\n"
        "   task  agent  state           duration  attempts    tokens\n"
        "   ─────────────────────────────────────────────────────────\n"
        "   kb    agent  COMPLETED          9.23s         1     1,412\n"
        "   api   agent  COMPLETED         10.14s         1         -\n"
        "   blog  agent  COMPLETED          8.91s         1         -\n"
        "\n"
        "⚡ Parallel execution completed in 10.14s: 3/3 succeeded, 0 failed\n"
        "📊 Estimated speedup: 2.79× (sequential: 28.28s, parallel: 10.14s)\n"
        "   Bound: 2.79× at most for these tasks on 5 slots; 100 % of it reached\n"
        "   Efficiency: 93 % of width 3, 56 % of 5 slots\n"
        "   Tokens: 1,412 (prompt 1,000, completion 412) in 1 model call, 139 tokens/s\n"
        "   Files: out\n");
}

TEST_CASE("[X23] ascii output has no other characters") {
  console_options co;
  co.ascii = true;
  plain_console p(options(5), co);
  run_b17(p);
  const std::string text = p.finish();
  CHECK(std::all_of(text.begin(), text.end(), [](char c) { return c == '\n' || (c >= 0x20 && c < 0x7F); }));
  CHECK(has_line(text, ">> Starting parallel execution of 3 agents: [kb, api, blog]"));
  CHECK(has_line(text, "OK Agent kb completed (2/3) in 9.23s"));
  CHECK(has_line(text, ">> Parallel execution completed in 10.14s: 3/3 succeeded, 0 failed"));
}

TEST_CASE("[B24] [X3] [X18] the speed-up is printed with its bound and the efficiency with both denominators") {
  console_options co;
  co.ascii = true;
  plain_console p(options(5), co);
  run_b17(p);
  const std::string text = p.finish();
  CHECK(has_line(text, "== Estimated speedup: 2.79x (sequential: 28.28s, parallel: 10.14s)"));
  CHECK(has_line(text, "   Bound: 2.79x at most for these tasks on 5 slots; 100 % of it reached"));
  CHECK(has_line(text, "   Efficiency: 93 % of width 3, 56 % of 5 slots"));
}

TEST_CASE("[B21] [B24] [B25] classic lines are the predecessors' and no others, but for both efficiencies") {
  console_options co;
  co.style = console_style::classic;
  plain_console p(options(5), co);
  p.run.steps["kb"] = {{9.23}};
  p.run.steps["api"] = {{10.14, fail(errc::server_error, "HTTP 503: overloaded")}};
  p.run.steps["blog"] = {{8.91}};
  p.run.run({call("kb"), call("api"), call("blog"), call("write", {"api"})});
  CHECK(p.finish("") ==
        "⚡ Starting parallel execution of 4 agents: [kb, api, blog, write]\n"
        "✓ Agent blog completed (1/4) in 8.91s\n"
        "✓ Agent kb completed (2/4) in 9.23s\n"
        "✗ api: HTTP 503: overloaded\n"
        "⊘ write skipped: upstream_failed: it needs 'api', which ended FAILED\n"
        "✗ api: HTTP 503: overloaded\n"
        "⚡ Parallel execution completed in 10.14s: 2/4 succeeded, 2 failed\n"
        "📊 Estimated speedup: 2.79× (sequential: 28.28s, parallel: 10.14s)\n"
        "   Bound: 2.79× at most for these tasks on 5 slots; 100 % of it reached\n"
        "   Efficiency: 93 % of width 3, 56 % of 5 slots\n");
}

TEST_CASE("[B21] [X23] the classic opening names every agent, in ascii too") {
  console_options co;
  co.style = console_style::classic;
  co.ascii = true;
  plain_console p(options(20), co);
  std::vector<task_call> calls;
  for (int i = 0; i < 14; ++i) calls.push_back(call(concat("t", i)));
  p.run.run(std::move(calls));
  CHECK(
      p.text.starts_with(">> Starting parallel execution of 14 agents: [t0, t1, t2, t3, t4, t5, t6, t7, t8, t9, t10, "
                         "t11, t12, t13]\nOK Agent t0 completed (1/14) in 1.00s\n"));
}

TEST_CASE("pauses, approvals, budgets, tools and silence are told in words") {
  std::string text;
  console_options co;
  co.write = [&](std::string_view s) { text += s; };
  console c(co);
  const auto tell = [&](event_type type, std::string_view task, json data) {
    text.clear();
    event e;
    e.type = type;
    e.task_id = task;
    e.data = std::move(data);
    c(e);
    return text;
  };
  CHECK(tell(event_type::run_paused, "", nullptr) == "■ Paused: nothing new starts; 0 running tasks go on\n");
  CHECK(tell(event_type::run_paused, "", {{"agent", "writer"}}) ==
        "■ Paused: nothing new of agent writer starts; 0 running tasks go on\n");
  CHECK(tell(event_type::run_resumed, "", nullptr) == "▶ Resumed\n");
  CHECK(tell(event_type::run_resumed, "", {{"agent", "writer"}}) == "▶ Resumed: agent writer\n");
  CHECK(tell(event_type::approval_requested, "deploy", {{"message", "Really?"}, {"timeout_ms", 90000}}) ==
        "? deploy waits for approval (1 m 30 s): Really?\n");
  CHECK(tell(event_type::approval_answered, "deploy", {{"approved", true}, {"by_default", false}, {"message", "ok"}}) ==
        "✓ deploy approved: ok\n");
  CHECK(tell(event_type::approval_answered, "deploy", {{"approved", false}, {"by_default", true}, {"message", ""}}) ==
        "✗ deploy refused by default: no answer came in time\n");
  CHECK(tell(event_type::budget_alert, "",
             {{"budget", "agent writer"},
              {"spent", {{"tokens", 4200}, {"micro_dollars", 1'650'000}}},
              {"limit", {{"tokens", 5000}, {"micro_dollars", 2'000'000}}},
              {"exhausted", false}}) ==
        "⚠ Budget of agent writer running out: $1.65 of $2.00, 4,200 of 5,000 tokens spent\n");
  CHECK(tell(event_type::budget_alert, "",
             {{"budget", "run"}, {"spent", {{"tokens", 5000}}}, {"limit", {{"tokens", 5000}}}, {"exhausted", true}}) ==
        "⚠ Budget of run used up: 5,000 of 5,000 tokens spent\n");
  CHECK(tell(event_type::tool_started, "a", {{"tool", "count"}}) == "");
  CHECK(tell(event_type::tool_ended, "a", {{"tool", "count"}, {"outcome", "ok"}, {"elapsed_ms", 300}}) ==
        "• a: tool count ok after 0.30s\n");
  CHECK(tell(event_type::tool_ended, "a",
             {{"tool", "count"}, {"outcome", "failed"}, {"elapsed_ms", 1200}, {"message", "no such row"}}) ==
        "⚠ a: tool count failed after 1.20s: no such row\n");
  CHECK(tell(event_type::task_stalled, "a", {{"message", "usually 4 s"}, {"silent_ms", 61000}}) ==
        "⚠ a: no sign of life for 1 m 01 s: usually 4 s\n");
}

TEST_CASE("[B25] failures name task and error, and those who needed it are skipped") {
  plain_console p(options(2));
  p.run.steps["a"] = {{1, fail(errc::server_error, "HTTP 500: out of\norder \x1b[2Jnow")}};
  p.run.run({call("a"), call("b", {"a"}), call("c")});
  CHECK(has_line(p.text, "✗ a: HTTP 500: out of order  [2Jnow"));
  CHECK(has_line(p.text, "⊘ b skipped: upstream_failed: it needs 'a', which ended FAILED"));
  p.text.clear();
  p.finish();
  CHECK(has_line(p.text, "✗ a: HTTP 500: out of order  [2Jnow"));
  CHECK(has_line(p.text, "⚡ Parallel execution completed in 1.00s: 1/3 succeeded, 1 failed, 1 skipped"));
}

TEST_CASE("a retry tells the failure and when the next try comes") {
  auto o = options(2);
  o.retry.max_retries = 1;
  plain_console p(o);
  p.run.steps["a"] = {{1, fail(errc::server_error, "HTTP 503")}, {2}};
  p.run.run({call("a")});
  CHECK(has_line(p.text, "↻ a: attempt 1 failed: HTTP 503; next try in 2.00 s"));
  CHECK(has_line(p.text, "▶ a started (agent, attempt 2)"));
  CHECK(has_line(p.text, "✓ Agent a completed (1/1) in 2.00s"));
}

TEST_CASE("cancellation, draining and warnings are announced") {
  plain_console p(options(1));
  p.run.begin({call("a"), call("b"), call("c")});
  p.run.machine().warn(p.run.machine().find("a"), 1, "slow", at(0.1));
  p.run.machine().cancel_task(p.run.machine().find("b"), cancel_reason::user, "not needed", at(0.2));
  p.run.machine().drain(at(0.3));
  p.run.next_moment();
  CHECK(has_line(p.text, "⚠ a: slow"));
  CHECK(has_line(p.text, "■ Cancelling b (user: not needed)"));
  CHECK(has_line(p.text, "✗ b: cancelled: user: not needed"));
  CHECK(has_line(p.text, "■ Draining: nothing new starts, 1 running task will finish"));
  p.finish();
  CHECK(has_line(p.text, "⚠ Run ended INTERRUPTED: drained: what ran was finished, nothing new was started"));
  CHECK(has_line(p.text,
                 "⚡ Parallel execution interrupted after 1.00s: 1/3 succeeded, 0 failed, 1 cancelled, 1 unfinished"));
}

TEST_CASE("quiet leaves failures and the final line") {
  console_options co;
  co.quiet = co.live = true;
  plain_console p(options(2), co);
  p.run.on_moment = [&](time_point now) { p.c.tick(now); };
  p.run.steps["a"] = {{1, fail(errc::server_error, "HTTP 500")}};
  p.run.run({call("a"), call("b", {"a"}), call("c")});
  CHECK(p.finish() ==
        "✗ a: HTTP 500\n"
        "⚡ Parallel execution completed in 1.00s: 1/3 succeeded, 1 failed, 1 skipped\n");
}

TEST_CASE("a simulated model is announced at the start and at the end") {
  console_options co;
  co.simulated = true;
  plain_console p(options(2), co);
  p.run.run({call("a")});
  CHECK(p.text.starts_with(
      "⚠ Simulated model: its replies are made up\n⚡ Starting parallel execution of 1 agent: [a]\n"));
  CHECK(has_line(p.finish(), "⚡ Parallel execution completed in 1.00s: 1/1 succeeded, 0 failed (simulated model)"));
}

TEST_CASE("progress and status are told sparsely") {
  plain_console p(options(1));
  p.run.steps["a"] = {{100}};
  p.run.begin({call("a"), call("b")});
  for (int i = 1; i < 70; ++i) p.run.machine().progress(0, 1, i / 100.0, "", at(i));
  const auto lines = std::count(p.text.begin(), p.text.end(), '\n');
  CHECK(lines == 2 + 14 + 2);
  CHECK(has_line(p.text, "• a: 66 %"));
  CHECK(has_line(p.text, "• 0 done · 1 running · 1 waiting · ETA unknown"));
}

TEST_CASE("the analysis is told with its result and its warning") {
  std::string text;
  console_options co;
  co.write = [&](std::string_view s) { text += s; };
  console c(co);
  event e;
  e.type = event_type::analysis_started;
  e.data = {{"tasks", 6}};
  c(e);
  e.at = at(1.5);
  e.type = event_type::analysis_ended;
  e.data = {{"source", "fallback"}, {"edges", {{{"from", "a"}, {"to", "b"}}}}, {"warning", "fell back: no answer"}};
  c(e);
  CHECK(text ==
        "• Analyzing the dependencies of 6 tasks\n"
        "• Dependency analysis: 1 dependency added (fallback, 1.50s)\n"
        "⚠ fell back: no answer\n");
}

TEST_CASE("long lists are cut: ids at the start, rows and failures at the end") {
  plain_console p(options(100));
  std::vector<task_call> calls;
  for (int i = 0; i < 60; ++i) {
    calls.push_back(call(concat("t", i)));
    if (i >= 45) p.run.steps[calls.back().id] = {{2, fail(errc::task_failed, "no")}};
  }
  p.run.run(std::move(calls));
  CHECK(
      has_line(p.text,
               "⚡ Starting parallel execution of 60 agents: [t0, t1, t2, t3, t4, t5, t6, t7, t8, t9, t10, t11, … and "
               "48 more]"));
  p.text.clear();
  p.finish();
  CHECK(has_line(p.text, "   … and 20 more: results.jsonl has them all"));
  CHECK(has_line(p.text, "   … and 5 more"));
  CHECK(has_line(p.text, "   t59   agent  FAILED             2.00s         1         -"));
  CHECK_FALSE(has_line(p.text, "   t30   agent  COMPLETED          1.00s         1         -"));
}

TEST_CASE("notes end what a run says, and are left out by the classic style and when quiet") {
  const auto last_words = [](console_options co) {
    plain_console p(options(1), std::move(co));
    p.run.run({call("a")});
    p.c.finish(p.run.metrics(), p.run.machine().state(), "", {"Waits: none"});
    return p.text;
  };
  CHECK(last_words({}).ends_with("\n   Waits: none\n"));
  console_options classic, quiet;
  classic.style = console_style::classic;
  quiet.quiet = true;
  for (const auto& co : {classic, quiet}) CHECK(last_words(co).find("Waits") == std::string::npos);
}
