#include <corchestra/plan/plan_document.hpp>

#include <catch2/catch_test_macros.hpp>

#include "plan/plan_texts.hpp"
#include "support/temp_dir.hpp"

namespace corchestra {

namespace {

std::string error_message_of(const result<plan_document>& r) { return r ? std::string("no error") : r.error().message; }

std::string message_of_yaml(std::string_view text) {
  return error_message_of(parse_plan(text, "p.yaml", plan_format::yaml));
}
std::string message_of_json(std::string_view text) {
  return error_message_of(parse_plan(text, "p.json", plan_format::json));
}

const std::string some_agents = "agents: {x: {kind: llm}}\n";

}  // namespace

TEST_CASE("[L21][I9] every malformed plan gets its one message with file, line and path", "[plan]") {
  for (const tests::bad_plan& p : tests::bad_plans()) {
    CAPTURE(p.about);
    const auto r = parse_plan(p.text, "p.yaml", plan_format::yaml);
    REQUIRE_FALSE(r);
    CHECK(r.error().message == p.message);
    CHECK(r.error().is(p.code));
  }
}

TEST_CASE("malformed YAML is refused with its line", "[plan]") {
  struct row {
    std::string text, message;
  };
  const row rows[] = {
      {"tasks: [a, b\n", "p.yaml:2:1: malformed YAML: end of sequence flow not found"},
      {"tasks:\n  - a\n b: 1\n", "p.yaml:3:2: malformed YAML: end of map not found"},
      {"name: \"x\\q\"\n", "p.yaml:1:11: malformed YAML: unknown escape character: q"},
      {"name: *there\n", "p.yaml:1:7: malformed YAML: the referenced anchor is not defined"},
      {"name: !thing x\n", "p.yaml:1: the tag '!thing' is not supported"},
      {"name: x\nname: y\n", "p.yaml:2: the key 'name' is there twice"},
      {"tasks:\n  - {id: a, id: b}\n", "p.yaml:2: the key 'id' is there twice"},
      {"? [a]\n: b\n", "p.yaml:1: a key must be text, not a list or an object"},
      {"~: b\n", "p.yaml:1: a key must be text of at most 1024 characters"},
      {"a: {" + std::string(1030, 'k') + ": 1}\n", "p.yaml:1: a key must be text of at most 1024 characters"},
      {"<<: 3\n", "p.yaml:1: '<<' merges an object or a list of objects, not 3"},
      {"a: &a [*a]\n", "p.yaml:1: an alias stands inside the value it names"},
      {"a: 1\n---\nb: 2\n", "p.yaml:2: the file holds more than one YAML document"},
      {std::string("name: \"\\") + '\0' + "\"\n", "p.yaml:1:10: malformed YAML: unknown escape character:"},
      {"name: x\nmode: \xff\n", "p.yaml:2: the text is not UTF-8"},
      {"a: " + std::string(120, '[') + std::string(120, ']') + "\n", "p.yaml:1: nested more than 100 levels deep"},
  };
  for (const row& r : rows) {
    CAPTURE(r.text);
    const std::string message = message_of_yaml(r.text);
    const bool of_the_parser = r.message.find("malformed YAML") != std::string::npos;  // newer ones say more
    CHECK((of_the_parser ? message.substr(0, r.message.size()) : message) == r.message);
  }
}

TEST_CASE("a tab in the indentation is an error with its line", "[plan]") {
  CHECK(message_of_yaml("limits:\n\tmax_depth: 3\n").starts_with("p.yaml:2:"));
}

TEST_CASE("aliases cannot blow a plan up", "[plan]") {
  std::string text = "x-a: &a0 [1, 2, 3, 4, 5, 6, 7, 8, 9, 10]\n";
  for (int i = 1; i < 12; ++i) {
    const std::string before = "*a" + std::to_string(i - 1);
    text += "x-b" + std::to_string(i) + ": &a" + std::to_string(i) + " [" + before;
    for (int k = 0; k < 9; ++k) text += ", " + before;
    text += "]\n";
  }
  CHECK(message_of_yaml(text) == "p.yaml:6: aliases expand to more than 1000000 values");
}

TEST_CASE("JSON plans are refused with line and column, or line and path", "[plan]") {
  struct row {
    std::string text, message;
  };
  const row rows[] = {
      {"", "p.json:1: malformed JSON: there is nothing"},
      {" \n\n", "p.json:1: malformed JSON: there is nothing"},
      {"{\n  \"name\": x\n}",
       "p.json:2:11: malformed JSON: syntax error while parsing value - invalid literal; last read: '\"name\": x'"},
      {"{\"tasks\": []} 1",
       "p.json:1:15: malformed JSON: syntax error while parsing value - unexpected number literal; expected end of "
       "input"},
      {"{\n\"name\": 1e999}", "p.json:2: malformed JSON: number overflow parsing '1e999'"},
      {"{\"name\": \"a\",\n \"name\": \"b\"}", "p.json:2: the key 'name' is there twice"},
      {"{\n\"limits\": {\n\"max_depth\": \"deep\"\n}}", "p.json:3: limits.max_depth: expected an integer, got 'deep'"},
      {"{\"tasks\": [\n1\n]}", "p.json:2: tasks[0]: expected an object, got 1"},
      {"{\"tasks\": [\n\n{\"id\": true}]}", "p.json:3: tasks[0].id: expected text, got true"},
      {std::string(200, '['), "p.json:1: nested more than 100 levels deep"},
      {"{\"name\":\n \"\xc3\x28\"}", "p.json:2: the text is not UTF-8"},
  };
  for (const row& r : rows) {
    CAPTURE(r.text);
    CHECK(message_of_json(r.text) == r.message);
  }
}

TEST_CASE("files that cannot be plans are refused by name", "[plan]") {
  const tests::temp_dir dir;
  const auto message = [](const std::string& file, const plan_load_options& o = {}) {
    return error_message_of(load_plan(file, o));
  };
  const std::string text = dir.write("plan.txt", "tasks: []");
  CHECK(message(text) == text + ": expected a file that ends with .yaml, .yml, .json or .jsonl");
  CHECK(message(dir.file("no.yaml")) == "cannot read '" + dir.file("no.yaml") + "': No such file or directory");
  std::filesystem::create_directory(dir.file("folder.yaml"));
  CHECK(message(dir.file("folder.yaml")) == "cannot read '" + dir.file("folder.yaml") + "': it is a folder");
  const std::string big = dir.write("big.yaml", std::string(1000, '#'));
  plan_load_options small;
  small.max_bytes = 999;
  CHECK(message(big, small) == "'" + big + "' is larger than 999 bytes");
}

TEST_CASE("the flag --set is checked against the inputs that the plan declares", "[plan]") {
  const std::string text = "inputs: {topic: t, year: 2024}\n" + some_agents + "tasks: [{id: a, agent: x, prompt: p}]\n";
  const auto with = [&](std::string key) {
    plan_load_options o;
    o.set = {{std::move(key), "1"}};
    return parse_plan(text, "p.yaml", plan_format::yaml, o);
  };
  CHECK(error_message_of(with("topci")) == "--set 'topci': p.yaml declares no such input, did you mean 'topic'?");
  CHECK(error_message_of(with("audience")) ==
        "--set 'audience': p.yaml declares no such input; known inputs: topic, year");
  CHECK(with("audience").error().is(errc::invalid_argument));
}

TEST_CASE("a plan of lines names the line of the bad task, and what its file of agents lacks", "[plan]") {
  const tests::temp_dir dir;
  plan_load_options o;
  const auto message = [&](std::string_view lines) {
    return error_message_of(parse_plan(lines, "p.jsonl", plan_format::jsonl, o));
  };
  CHECK(message("{}") == "p.jsonl: a plan of one task call a line needs --agents FILE");
  o.agents_file = dir.write("agents.yaml", some_agents);
  CHECK(message("") == "p.jsonl: the plan has no tasks");
  CHECK(message("\n{\"id\": \"a\"\n") ==
        "p.jsonl:2:11: malformed JSON: syntax error while parsing object - unexpected end of input; expected '}'");
  CHECK(message("{\"id\": \"a\", \"agent\": \"x\", \"prompt\": \"p\"}\n\n{\"id\": \"b\", \"agent\": \"x\", "
                "\"priority\": \"1\"}\n") == "p.jsonl:3: tasks[1].priority: expected an integer, got '1'");
  o.agents_file = dir.write("more.yaml", some_agents + "tasks: []\n");
  CHECK(message("{}") == dir.file("more.yaml") + ":2: tasks: tasks do not belong into a file of agents");
  CHECK(error_message_of(parse_plan("tasks: []", "p.yaml", plan_format::yaml, o)) ==
        "p.yaml: --agents is for .jsonl plans; this one declares its own agents");
}

}  // namespace corchestra
