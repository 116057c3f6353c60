#include <corchestra/plan/plan_document.hpp>

#include <catch2/catch_test_macros.hpp>

#include <fstream>
#include <iterator>

namespace corchestra {

TEST_CASE("every example of the plan reference is sound", "[plan]") {
  std::ifstream in(std::filesystem::path(__FILE__).parent_path() / "../../docs/plan-reference.md");
  const std::string text{std::istreambuf_iterator<char>(in), {}};
  int examples = 0;
  for (std::size_t at = text.find("```yaml\n"); at != std::string::npos; at = text.find("```yaml\n", at + 1)) {
    const std::size_t begin = at + 8;
    std::string example = text.substr(begin, text.find("```", begin) - begin);
    if (example.find("agents:\n") == std::string::npos)
      example.insert(0, "agents: {writer: {kind: llm}}\ndefaults: {agent: writer}\n");
    if (example.find("tasks:\n") == std::string::npos) example += "tasks: [{id: a, prompt: p}]\n";
    CAPTURE(example);
    const auto plan = parse_plan(example, "example.yaml", plan_format::yaml);
    CHECK((plan ? std::string() : plan.error().message) == "");
    ++examples;
  }
  CHECK(examples >= 7);
}

}  // namespace corchestra
