#include "batch/row_template.hpp"

using namespace corchestra;
using namespace corchestra::batch;

namespace {

std::string filled(std::string_view text, const ordered_json& row) {
  const auto t = row_template::parse(text);
  if (t.has_error()) return "parse: " + t.error().message;
  const auto out = t->fill(row);
  return out.has_value() ? *out : "fill: " + out.error().message;
}

}  // namespace

TEST_CASE("columns are put in the places that name them") {
  const ordered_json row = {{"text", "good"}, {"two words", "x"}, {"n", 7}, {"list", {1, "a"}}, {"none", nullptr}};
  CHECK(filled("Is '${text}' kind? ${text}!", row) == "Is 'good' kind? good!");
  CHECK(filled("${two words}${n}", row) == "x7");
  CHECK(filled("${list} ${none}", row) == R"([1,"a"] null)");
  CHECK(filled("", row).empty());
  CHECK(filled("plain $ {text} $5 }", row) == "plain $ {text} $5 }");
}

TEST_CASE("what a column holds is not looked into again") {
  CHECK(filled("${a}", {{"a", "${b}"}, {"b", "secret"}}) == "${b}");
}

TEST_CASE("$${ stands for a literal ${") {
  CHECK(filled("$${text} is ${text}", {{"text", "t"}}) == "${text} is t");
  CHECK(filled("$$${text}", {{"text", "t"}}) == "$${text}");
}

TEST_CASE("a malformed template is refused with what is wrong") {
  CHECK(filled("a ${text", {}) == "parse: the '${' before 'text' is not closed by a '}'");
  CHECK(filled("a ${}", {}) == "parse: '${}' names no column");
}

TEST_CASE("a column that the row does not have is named beside those that it has") {
  CHECK(filled("${txet}", {{"id", "1"}, {"text", "t"}}) == "fill: there is no column 'txet'; there are: id, text");
  ordered_json wide = ordered_json::object();
  for (int i = 0; i < 30; ++i) wide["c" + std::to_string(i)] = i;
  const std::string message = filled("${x}", wide);
  CHECK(message.ends_with("c18, c19, ..."));
}
