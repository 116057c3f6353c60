#include <catch2/catch_test_macros.hpp>
#include <cstdlib>

#include "agents/command_run.hpp"

using namespace corchestra;
using namespace std::chrono_literals;
using tests::command_run;
using tests::task;

TEST_CASE("the task is JSON on stdin, and JSON on stdout is the output") {
  auto c = command_run({"cat"});
  c.options.inputs = {{"topic", "solar"}};
  auto first = task("first");
  first.description = "Load";
  auto t = task("t", {"first"});
  t.task_type = "plot";
  t.description = "Plot it";
  t.prompt = "About ${inputs.topic}";
  t.context = {{"from", "${tasks.first.output#/description}"}, {"n", 3}};
  const auto r = c.run({first, t});
  const auto& in = r.find("t")->output.value;
  CHECK(in["id"] == "t");
  CHECK(in["agent"] == "a");
  CHECK(in["task_type"] == "plot");
  CHECK(in["description"] == "Plot it");
  CHECK(in["prompt"] == "About solar");
  CHECK(in["context"] == json{{"from", "Load"}, {"n", 3}});
  CHECK(in["upstream"]["first"]["id"] == "first");
  CHECK(in["attempt"] == 1);
  CHECK(in["run_id"] == r.run_id);
  CHECK(in["idempotency_key"] == r.run_id + "/t");
  CHECK(in.size() == 13);
  const auto& other = r.find("first")->output.value;
  CHECK(other["prompt"].is_null());
  CHECK(other["task_type"].is_null());
  CHECK(other["upstream"] == json::object());
}

TEST_CASE("a run's own inputs come before those of its agents") {
  auto c = command_run({"printf", "%s", "${inputs.topic} in ${inputs.place}"});
  c.options.inputs = {{"topic", "solar"}, {"place", "Rome"}};
  c.o.agents().add("a", make_command_agent(c.options).value());
  const auto compiled = c.o.compile(tests::plan({task("t")}));
  REQUIRE(compiled.has_value());
  const auto output_of = [&](const compiled_plan& p) { return tests::run(c.context, c.o.start(p).value().wait()).find("t")->output.value; };
  CHECK(output_of(*compiled) == "solar in Rome");
  CHECK(output_of(compiled->with_inputs({{"topic", "wind"}, {"place", "Oslo"}})) == "wind in Oslo");
}

TEST_CASE("stdout is JSON when all of it parses, text otherwise") {
  const std::pair<std::string, json> table[] = {
      {"echo '{\"a\": [1]}'", {{"a", {1}}}},
      {"echo 42", 42},
      {"echo hello; echo", "hello\n"},
      {"printf hello", "hello"},
      {"echo '{} {}'", "{} {}"},
      {"true", ""},
      {"printf 'a\\377b'",
       "a\xEF\xBF\xBD"
       "b"},
  };
  for (const auto& [script, expected] : table) {
    CAPTURE(script);
    CHECK(command_run::shell(script).run_one().output.value == expected);
  }
  const auto sure = command_run::shell("echo '{\"confidence\": 0.5, \"evidence\": [\"e\"]}'").run_one();
  CHECK(sure.output.confidence == 0.5);
  CHECK(sure.output.evidence == std::vector<std::string>{"e"});
}

TEST_CASE("arguments are filled in one by one, without a shell") {
  auto c = command_run({"printf", "%s|", "${context.file}", "a ${inputs.n} $(b)", "$${x}"});
  c.options.inputs = {{"n", 7}};
  auto t = task("t");
  t.context = {{"file", "my file; rm"}};
  CHECK(c.run_one(t).output.value == "my file; rm|a 7 $(b)|${x}|");

  t.context = {{"file", std::string("a\0b", 3)}};
  CHECK(c.run_one(t).error->message == "argv[2] holds a NUL byte");
  t.context = nullptr;
  const auto missing = c.run_one(t);
  REQUIRE(missing.error);
  CHECK(missing.error->is(errc::unresolved_reference));
  CHECK(missing.error->message.starts_with("argv[2]: task 't': "));
}

TEST_CASE("exit codes and signals are told apart, and the failure quotes the end of stderr") {
  const std::pair<std::string, std::string> table[] = {
      {"echo out; echo oops >&2; exit 3", "'sh' ended with exit code 3: oops"},
      {"exit 9", "'sh' ended with exit code 9"},
      {"kill -9 $$", "'sh' was killed by signal 9 (SIGKILL)"},
      {"echo last words >&2; kill -SEGV $$", "'sh' was killed by signal 11 (SIGSEGV): last words"},
      {"printf 'bad \\377' >&2; exit 1", "'sh' ended with exit code 1: bad \xEF\xBF\xBD"},
  };
  for (const auto& [script, message] : table) {
    CAPTURE(script);
    const auto r = command_run::shell(script).run_one();
    CHECK(r.state == task_state::failed);
    REQUIRE(r.error);
    CHECK(r.error->is(errc::command_failed));
    CHECK(r.error->message == message);
  }
  const auto chatty = command_run::shell("yes error | head -c 100000 >&2; exit 1").run_one();
  CHECK(chatty.error->message.size() < 2100);
  CHECK(chatty.error->message.find("\nerror\n") != std::string::npos);
}

TEST_CASE("a missing program, a missing folder and a program that may not be run are told apart") {
  tests::temp_dir folder;
  const std::string plain = folder.write("plain", "x");
  const std::string orphan = folder.write("orphan", "#!/no/such/interpreter\n");
  std::filesystem::permissions(orphan, std::filesystem::perms::owner_all);
  const struct {
    std::vector<std::string> argv;
    std::filesystem::path cwd;
    errc code;
    std::string message;
  } table[] = {
      {{"no-such-program"}, ".", errc::command_not_found, "no program 'no-such-program' in PATH"},
      {{"/no/such"}, ".", errc::command_not_found, "the program '/no/such' does not exist"},
      {{plain}, ".", errc::command_not_found, "the program '" + plain + "' is not executable"},
      {{orphan}, ".", errc::command_not_found, "cannot start '" + orphan + "': its interpreter does not exist"},
      {{"cat"}, "/no/folder", errc::file_error, "the working folder '/no/folder' does not exist"},
  };
  for (const auto& row : table) {
    CAPTURE(row.message);
    auto c = command_run(row.argv);
    c.options.cwd = row.cwd;
    const auto r = c.run_one();
    CHECK(r.state == task_state::failed);
    REQUIRE(r.error);
    CHECK(r.error->is(row.code));
    CHECK(r.error->message == row.message);
    CHECK(r.error->retry == retry_class::terminal);
  }
}

TEST_CASE("the program runs in its folder, and a relative program is looked for there") {
  tests::temp_dir folder;
  const std::string script = folder.write("tool", "#!/bin/sh\npwd\n");
  std::filesystem::permissions(script, std::filesystem::perms::owner_all);
  auto c = command_run({"./tool"});
  c.options.cwd = folder.path();
  CHECK(c.run_one().output.value == std::filesystem::canonical(folder.path()).string());
}

TEST_CASE("API keys do not reach the program, and its own variables do") {
  ::setenv("OPENAI_API_KEY", "sk-very-secret", 1);
  ::setenv("CORCHESTRA_API_KEY", "sk-also-secret", 1);
  ::setenv("CORCHESTRA_TEST_PLAIN", "plain", 1);
  auto c = command_run({"env"});
  c.options.env = {{"CORCHESTRA_TEST_ADDED", "added=1"}, {"CORCHESTRA_TEST_PLAIN", "changed"}};
  const auto r = c.run_one();
  ::unsetenv("OPENAI_API_KEY");
  ::unsetenv("CORCHESTRA_API_KEY");
  ::unsetenv("CORCHESTRA_TEST_PLAIN");
  const std::string env = "\n" + r.output.value.get<std::string>() + "\n";
  CHECK(env.find("secret") == std::string::npos);
  CHECK(env.find("API_KEY") == std::string::npos);
  CHECK(env.find("\nCORCHESTRA_TEST_ADDED=added=1\n") != std::string::npos);
  CHECK(env.find("\nCORCHESTRA_TEST_PLAIN=changed\n") != std::string::npos);
}

TEST_CASE("progress lines on stderr are the task's progress") {
  auto c = command_run::shell(
      "echo CORCHESTRA_PROGRESS 0.25 started >&2; echo CORCHESTRA_PROGRESS 0.75 nearly >&2; echo ok");
  CHECK(c.run_one().output.value == "ok");
  REQUIRE(c.progress.size() == 2);
  CHECK(c.progress[0] == std::pair(0.25, std::string("started")));
  CHECK(c.progress[1] == std::pair(0.75, std::string("nearly")));
}

TEST_CASE("the factory refuses what cannot be run") {
  CHECK(make_command_agent({}).error().message == "a command agent needs argv: the program and its arguments");
  command_agent_options options;
  options.argv = {"cat", "${tasks.x"};
  const auto bad = make_command_agent(options);
  REQUIRE(bad.has_error());
  CHECK(bad.error().is(errc::unresolved_reference));
  CHECK(bad.error().message.starts_with("argv[1]: "));
  options.argv = {"cat"};
  options.env = {{"A=B", "c"}};
  CHECK(make_command_agent(options).error().message == "not usable as an environment variable: 'A=B'");
}

TEST_CASE("a command in a loop is told the iteration and the last output") {
  auto r = tests::command_run::shell(
      "python3 -c 'import json,sys; t=json.load(sys.stdin); p=t[\"previous\"]; "
      "print(json.dumps({\"seen\": [p[\"n\"] if p else None, t[\"iteration\"]], \"n\": t[\"iteration\"] * 10}))'");
  task_call t = tests::task("t");
  t.rules.get_or_emplace().repeat = loop_rule{"/n", 20, 5};
  const auto result = r.run_one(t);
  CHECK(result.iterations == 2);
  CHECK(result.output.value["seen"] == json({10, 2}));
}

TEST_CASE("a command is told the fencing tokens of the locks that it holds") {
  tests::command_run r({"cat"});
  task_call t = tests::task("t");
  t.resources = {{"db"}, {"log", lock_mode::shared}};
  const auto result = r.run_one(t);
  CHECK(result.output.value["fences"]["db"].get<int>() > 0);
  CHECK_FALSE(result.output.value["fences"].contains("log"));
}
