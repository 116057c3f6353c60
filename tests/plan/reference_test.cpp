#include <corchestra/plan/reference.hpp>

#include <rapidcheck.h>
#include <catch2/catch_test_macros.hpp>

namespace corchestra {

namespace {

const json load_output = json::parse(R"({"text": "fine", "rows": [10, {"a/b": 2}], "n": 1.5, "none": null})");
const json plain_output = "words";
const json context = json::parse(R"({"reader": "engineers", "deep": {"list": ["x", "y"]}, "with.dot": 1})");
const json inputs = json::parse(R"({"topic": "solar power", "year": 2024, "flag": true})");

reference_scope scope() {
  reference_scope s;
  s.task_output = [](std::string_view task) -> const json* {
    if (task == "load" || task == "v1.2") return &load_output;
    return task == "plain" ? &plain_output : nullptr;
  };
  s.context = &context;
  s.inputs = &inputs;
  s.state = [](std::string_view key) -> const json* {
    return key == "rows" || key == "a.b" ? &load_output["rows"] : nullptr;
  };
  return s;
}

/// The value, or `error: message`.
json filled(std::string_view text) {
  const auto r = substitute(text, scope());
  return r ? *r : json("error: " + r.error().message);
}

}  // namespace

TEST_CASE("references are parsed with task, pointer and kind", "[plan]") {
  struct row {
    std::string text;
    reference::kind where;
    std::string task, pointer;
  };
  const row rows[] = {
      {"${tasks.a.output}", reference::kind::task_output, "a", ""},
      {"${tasks.a.output#/x/0}", reference::kind::task_output, "a", "/x/0"},
      {"${tasks.a.output#}", reference::kind::task_output, "a", ""},
      {"${tasks.v1.2.output}", reference::kind::task_output, "v1.2", ""},
      {"${tasks.a.output.output}", reference::kind::task_output, "a.output", ""},
      {"${tasks.a.output#/b.output}", reference::kind::task_output, "a", "/b.output"},
      {"${tasks.a#b.output}", reference::kind::task_output, "a#b", ""},
      {"${tasks.p/child.output}", reference::kind::task_output, "p/child", ""},
      {"${context}", reference::kind::context, "", ""},
      {"${context.a}", reference::kind::context, "", "/a"},
      {"${context.a.0.b}", reference::kind::context, "", "/a/0/b"},
      {"${context#/a.b}", reference::kind::context, "", "/a.b"},
      {"${context.a~b/c}", reference::kind::context, "", "/a~0b~1c"},
      {"${inputs.a#/b}", reference::kind::inputs, "", "/a/b"},
      {"${state.a}", reference::kind::state, "", ""},
      {"${state.a.0#/b}", reference::kind::state, "", "/0/b"},
      {"${previous}", reference::kind::previous, "", ""},
      {"${previous.text#/0}", reference::kind::previous, "", "/text/0"},
      {"${iteration}", reference::kind::iteration, "", ""},
  };
  for (const row& r : rows) {
    CAPTURE(r.text);
    const auto found = find_references("before " + r.text + " after");
    REQUIRE(found);
    REQUIRE(found->size() == 1);
    CHECK(found->front().where == r.where);
    CHECK(found->front().task == r.task);
    CHECK(found->front().pointer == r.pointer);
    CHECK(found->front().text == r.text);
  }
}

TEST_CASE("malformed references are errors that show the reference and the grammar", "[plan]") {
  for (const std::string text :
       {"${}", "${tasks.a}", "${tasks.output}", "${tasks..output", "${task.a.output}", "${contexts.a}", "${context.}",
        "${context..a}", "${inputs.a.}", "${state}", "${state#/}", "${HOME}", "${iteration.x}", "${ inputs.a }", "x ${"}) {
    CAPTURE(text);
    const auto found = find_references(text);
    REQUIRE_FALSE(found);
    CHECK(found.error().is(errc::unresolved_reference));
    CHECK(found.error().message.find("($${ stands for a literal ${)") != std::string::npos);
  }
}

TEST_CASE("a string that is only a reference becomes the value, inside other text its text", "[plan]") {
  struct row {
    std::string text;
    json value;
  };
  const row rows[] = {
      {"${tasks.load.output}", load_output},
      {"${tasks.load.output#/rows}", load_output["rows"]},
      {"${tasks.load.output#/rows/1/a~1b}", 2},
      {"${tasks.load.output#/none}", nullptr},
      {"${tasks.v1.2.output#/text}", "fine"},
      {"${inputs.year}", 2024},
      {"${inputs.flag}", true},
      {"${context.deep.list.1}", "y"},
      {"${context#/with.dot}", 1},
      {"${state.rows}", load_output["rows"]},
      {"${state.rows.0}", 10},
      {"${state#/a.b/1}", {{"a/b", 2}}},
      {" ${inputs.year}", " 2024"},
      {"${inputs.year}${inputs.year}", "20242024"},
      {"On ${inputs.topic} for ${context.reader}.", "On solar power for engineers."},
      {"rows: ${tasks.load.output#/rows}", R"(rows: [10,{"a/b":2}])"},
      {"${tasks.plain.output}!", "words!"},
      {"n=${tasks.load.output#/n}, none=${tasks.load.output#/none}", "n=1.5, none=null"},
      {"$${inputs.year}", "${inputs.year}"},
      {"$$${inputs.year}", "$${inputs.year}"},
      {"$${${inputs.year}}", "${2024}"},
      {"$ {x} $x $$", "$ {x} $x $$"},
      {"", ""},
  };
  for (const row& r : rows) {
    CAPTURE(r.text);
    CHECK(filled(r.text) == r.value);
  }
}

TEST_CASE("what a reference does not find is named", "[plan]") {
  struct row {
    std::string text, message;
  };
  const row rows[] = {
      {"${tasks.gone.output}", "${tasks.gone.output}: that task has no output"},
      {"a ${tasks.load.output#/cols}",
       "${tasks.load.output#/cols}: pointer '/cols': no member 'cols' (there are: n, none, rows, text)"},
      {"${tasks.load.output#/rows/7}",
       "${tasks.load.output#/rows/7}: pointer '/rows/7': no element '7' at '/rows' (the array has 2)"},
      {"${tasks.plain.output#/x}",
       "${tasks.plain.output#/x}: pointer '/x': no step 'x' into a string; the value is "
       "'\"words\"'"},
      {"${state.cols}", "${state.cols}: no task has put anything there"},
  };
  for (const row& r : rows) CHECK(filled(r.text) == "error: " + r.message);
  const auto nothing = substitute("${context.a}", reference_scope{});
  REQUIRE_FALSE(nothing);
  CHECK(nothing.error().message == "${context.a}: the task has no context");
}

TEST_CASE("a reference to the state has its key apart, whatever it holds", "[plan]") {
  for (const auto& [text, key] : {std::pair<std::string, std::string>{"${state.rows}", "rows"},
                                  {"${state.rows.0}", "rows"},
                                  {"${state#/a.b}", "a.b"},
                                  {"${state#/a~1b~0c/0}", "a/b~c"}}) {
    const auto found = find_references(text);
    REQUIRE(found);
    CHECK(found->front().key == key);
  }
}

TEST_CASE("a context keeps the types of what its references stand for", "[plan]") {
  const auto filled_context = substitute(
      json{
          {"rows", "${tasks.load.output#/rows}"}, {"n", "${tasks.load.output#/n}"}, {"t", "n=${tasks.load.output#/n}"}},
      scope());
  REQUIRE(filled_context);
  CHECK(*filled_context == json{{"rows", load_output["rows"]}, {"n", 1.5}, {"t", "n=1.5"}});
}

TEST_CASE("all strings inside a value are filled, keys and other values stay", "[plan]") {
  const json value = json::parse(R"({"${x}": ["${inputs.year}", 1, null, {"t": "in ${inputs.year}"}]})");
  const auto r = substitute(value, scope());
  REQUIRE(r);
  CHECK(*r == json::parse(R"({"${x}": [2024, 1, null, {"t": "in 2024"}]})"));
  const auto found = find_references(value);
  REQUIRE(found);
  CHECK(found->size() == 2);
}

TEST_CASE("text without ${ is not changed", "[plan]") {
  CHECK(rc::check([](std::string text) {
    for (std::size_t at; (at = text.find("${")) != std::string::npos;) text.erase(at, 1);
    const auto r = substitute_text(text, scope());
    RC_ASSERT(r.has_value());
    RC_ASSERT(*r == text);
  }));
}

TEST_CASE("escaped text comes back as it was", "[plan]") {
  CHECK(rc::check([](const std::vector<int>& pieces) {
    std::string plain, escaped;
    for (const int p : pieces) {
      constexpr std::string_view parts[] = {"${inputs.year}", "{", "}", "x", "tasks.a.output"};
      const std::string_view part = parts[static_cast<unsigned>(p) % 5];
      plain += part;
      if (part[0] == '$') escaped += '$';
      escaped += part;
    }
    const auto r = substitute_text(escaped, scope());
    RC_ASSERT(r.has_value());
    RC_ASSERT(*r == plain);
  }));
}

TEST_CASE("a whole-string reference keeps every JSON value, and its text form is inside other text", "[plan]") {
  CHECK(rc::check([](int number, bool flag, const std::vector<std::int16_t>& list, std::uint8_t kind) {
    const json values[] = {number, flag, nullptr, list, {{"k", list}}, std::to_string(number)};
    const json value = values[kind % 6];
    reference_scope s;
    s.task_output = [&value](std::string_view) { return &value; };
    const auto whole = substitute("${tasks.t.output}", s);
    RC_ASSERT(whole.has_value());
    RC_ASSERT(*whole == value);
    const auto text = substitute_text("<${tasks.t.output}>", s);
    RC_ASSERT(text.has_value());
    RC_ASSERT(*text == "<" + to_text(value) + ">");
  }));
}

TEST_CASE("a loop's last output and its iteration are references, and in the first iteration there is no output", "[plan]") {
  reference_scope first;
  CHECK(substitute("${previous}", first).value() == json());
  CHECK(substitute("${previous#/text}", first).value() == json());
  CHECK(substitute_text("round ${iteration}: <${previous.text}>", first).value() == "round 1: <>");
  const json last{{"text", "draft"}};
  reference_scope second;
  second.previous = &last;
  second.iteration = 2;
  CHECK(substitute("${previous}", second).value() == last);
  CHECK(substitute("${iteration}", second).value() == 2);
  CHECK(substitute_text("round ${iteration}: <${previous.text}>", second).value() == "round 2: <draft>");
  CHECK(substitute("${previous.none}", second).error().is(errc::unresolved_reference));
}

}  // namespace corchestra
