#include "testing/dependency_heuristic.hpp"

#include <rapidcheck.h>
#include <catch2/catch_test_macros.hpp>
#include <set>

#include <corchestra/base/json_schema.hpp>
#include <corchestra/llm/json_text.hpp>

using namespace corchestra;
using namespace corchestra::testing;

namespace {

// The tasks are called 1, 2, 3... `2<1(figure)` means that 2 needs 1 because of that word.
std::string guess(const std::vector<std::string>& descriptions) {
  std::vector<described_task> tasks;
  for (std::size_t i = 0; i < descriptions.size(); ++i) tasks.push_back({std::to_string(i + 1), descriptions[i], {}});
  std::string out;
  for (const auto& g : guess_dependencies(tasks))
    out += (out.empty() ? "" : " ") + g.task + "<" + g.needs + "(" + g.word + ")";
  return out;
}

}  // namespace

TEST_CASE("a task needs the one that makes what it names") {
  struct row {
    std::string what;
    std::vector<std::string> descriptions;
    std::string expected;
  };
  const std::vector<row> rows = {
      {"plain", {"Collect the sales figures", "Plot the figures"}, "2<1(figure)"},
      {"a chain",
       {"Collect sales figures", "Plot the figures", "Write a comment on the plot"},
       "2<1(figure) 3<2(plot)"},
      {"verb forms", {"The agent loads figures", "Writing the text from the figures"}, "2<1(figure)"},
      {"plurals", {"Write the summary", "Merge all summaries"}, "2<1(summary)"},
      {"siblings make the same", {"Write the section on prices", "Write the section on policy"}, ""},
      {"what comes after `from` is not made", {"Write the intro from the figures", "Plot the figures"}, ""},
      {"nothing is shared", {"Collect prices", "Write a poem"}, ""},
      {"nothing is made", {"Look around", "Look at it"}, ""},
      {"the rarer word decides between two makers",
       {"Collect price figures", "Collect volume figures", "Plot the price figures"},
       "3<1(price)"},
      {"both makers where both are meant",
       {"Collect price figures", "Collect volume figures", "Write a report from all figures"},
       "3<1(figure) 3<2(figure)"},
      {"a topic is no link",
       {"Load the solar data", "Write the solar intro", "Write the solar outlook", "Draw the solar map"},
       ""},
      {"reworking makes its noun", {"Summarise the interviews", "Translate the summary"}, "2<1(summary)"},
      {"who reworks does not make what is made elsewhere",
       {"Collect figures", "Check the figures", "Write a text on the figures"},
       "2<1(figure) 3<1(figure)"},
      {"who reworks makes it where nobody else does",
       {"Analyse the survey", "Write a text on the survey"},
       "2<1(survey)"},
      {"needed tasks are listed before", {"Plot the figures", "Collect the figures"}, ""},
      {"a noun that is a verb elsewhere", {"Draft the plan", "Write the text around the draft"}, "2<1(draft)"},
      {"a whole report",
       {"Collect market figures for solar power", "Gather policy news on solar power", "Analyse the market figures",
        "Write the policy section from the news", "Plot the market figures",
        "Edit the report: join the analysis, the policy section and the plot"},
       "3<1(figure) 4<2(news) 5<1(figure) 6<3(analysis) 6<4(section) 6<5(plot)"},
      {"sources, findings, outline, sections",
       {"Collect background notes from the knowledge base", "Gather yearly figures from the statistics service",
        "Collect expert opinions from engineering blogs",
        "Compare the background notes with the expert opinions and produce findings",
        "Analyse the yearly figures and derive trends", "Draft the outline from the findings and the trends",
        "Write the introduction section for the outline",
        "Write the economics section for the outline, with the trends"},
       "4<1(note) 4<3(opinion) 5<2(figure) 6<4(finding) 6<5(trend) 7<6(outline) 8<5(trend) 8<6(outline)"},
      {"no tasks", {}, ""},
      {"one task", {"Write the text"}, ""},
  };
  for (const auto& row : rows) {
    CAPTURE(row.what);
    CHECK(guess(row.descriptions) == row.expected);
  }
}

TEST_CASE("confidence falls with the number of descriptions that name the word") {
  std::vector<described_task> tasks = {{"a", "Collect figures", {}}};
  for (const double expected : {0.9, 0.8, 0.7, 0.6, 0.5, 0.4, 0.4}) {
    tasks.push_back({"t" + std::to_string(tasks.size()), "Comment on the figures", {}});
    const auto guesses = guess_dependencies(tasks);
    REQUIRE(guesses.size() == tasks.size() - 1);
    CHECK(std::abs(guesses.back().confidence - expected) < 1e-9);
  }
}

TEST_CASE("explicit dependencies stand: no guess adds to them or closes a cycle with them") {
  CHECK(guess_dependencies({{"a", "Collect figures", {}}, {"b", "Plot figures", {"x"}}}).empty());
  CHECK(guess_dependencies({{"a", "Collect figures", {"b"}}, {"b", "Plot figures", {}}}).empty());
  CHECK(guess_dependencies({{"a", "Collect figures", {"c"}}, {"b", "Plot figures", {}}, {"c", "Ask", {"b"}}}).empty());
}

TEST_CASE("the guesses never contain a cycle") {
  const bool held = rc::check([] {
    const auto words = *rc::gen::container<std::vector<std::string>>(
        *rc::gen::inRange<std::size_t>(0, 120),
        rc::gen::element<std::string>("write", "plot", "collect", "the", "figures", "report", "from", "and", "summary",
                                      ",", "analyse", "|"));
    std::vector<described_task> tasks = {{"0", "", {}}};
    for (const auto& w : words) {
      if (w == "|")
        tasks.push_back({std::to_string(tasks.size()), "", {}});
      else
        tasks.back().description += w + " ";
    }
    for (auto& t : tasks)
      if (*rc::gen::inRange(0, 5) == 0)
        t.depends_on = {std::to_string(*rc::gen::inRange<std::size_t>(0, tasks.size()))};
    std::map<std::string, std::set<std::string>> given, all;
    for (const auto& t : tasks) given[t.id].insert(t.depends_on.begin(), t.depends_on.end());
    all = given;
    for (const auto& g : guess_dependencies(tasks)) all[g.task].insert(g.needs);
    const auto acyclic = [](std::map<std::string, std::set<std::string>> needs) {
      for (bool changed = true; changed;) {
        changed = false;
        for (auto it = needs.begin(); it != needs.end();) {
          const bool free =
              std::none_of(it->second.begin(), it->second.end(), [&](const auto& n) { return needs.contains(n); });
          it = free ? (changed = true, needs.erase(it)) : std::next(it);
        }
      }
      return needs.empty();
    };
    RC_PRE(acyclic(given));
    RC_ASSERT(acyclic(all));
  });
  CHECK(held);
}

TEST_CASE("the analyzer's message is read, whatever else stands in it") {
  const json list = json::parse(R"([{"id":"a","agent":"x","description":"Collect ``` figures","depends_on":[]},
                                    {"id":"b","description":"Plot","depends_on":["a"]},{"id":"c","depends_on":null}])");
  const std::string message =
      "The schema is ```json\n{\"type\":\"object\"}\n``` and the tasks are\n" + llm::json_block(list) + "\nAnswer.";
  const auto tasks = read_described_tasks(message);
  REQUIRE(tasks);
  REQUIRE(tasks->size() == 3);
  CHECK((*tasks)[0].description == "Collect ``` figures");
  CHECK((*tasks)[1].depends_on == std::vector<std::string>{"a"});
  CHECK((*tasks)[2].depends_on.empty());
  const auto settled = read_described_tasks(message + "\nThese are settled: [\"b\"]\nWhich others?");
  REQUIRE(settled);
  CHECK((!(*settled)[0].settled && (*settled)[1].settled && !(*settled)[2].settled));
  CHECK(guess_dependencies({{"a", "Collect figures", {}}, {"b", "Plot the figures", {}, true}}).empty());
  CHECK_FALSE(read_described_tasks("no block"));
  CHECK_FALSE(read_described_tasks("```json\n[1]\n```"));
  CHECK_FALSE(read_described_tasks("```json\n[{\"id\":\"\"}]\n```"));
  CHECK_FALSE(read_described_tasks("```json\n[{\"id\":"));
}

TEST_CASE("the answer has the form that the analyzer asks for") {
  const json answer =
      to_analyzer_answer(guess_dependencies({{"a", "Collect figures", {}}, {"b", "Plot the figures", {}}}));
  CHECK(answer == json::parse(R"({"dependencies":[{"task":"b","needs":"a","kind":"data","confidence":0.9,
                                  "evidence":"it names 'figure', which a makes"}]})"));
}
