#include <catch2/catch_test_macros.hpp>

#include "analysis/analyzed.hpp"
#include "support/temp_dir.hpp"

using namespace corchestra;
using namespace std::chrono_literals;
using tests::answer;
using tests::arrows;
using tests::open_task;
using tests::scripted_analysis;

namespace {

std::vector<task_call> two() { return {open_task("load", "Load"), open_task("plot", "Plot")}; }

std::vector<std::filesystem::path> files(const tests::temp_dir& folder) {
  std::vector<std::filesystem::path> out;
  for (const auto& entry : std::filesystem::directory_iterator(folder.path())) out.push_back(entry.path());
  return out;
}

}  // namespace

TEST_CASE("the same question is asked once [A34][D4]") {
  scripted_analysis a;
  a.model->say(answer({{"plot", "load"}}), 5s);
  CHECK(a.analyze(two())->source == analysis_source::model);
  const auto again = a.analyze(two());
  CHECK(again->source == analysis_source::cache);
  CHECK(arrows(again->edges) == "load>plot");
  CHECK(again->edges[0].analyzed);
  CHECK(again->usage.calls == 0);
  CHECK(a.model->requests().size() == 1);
}

TEST_CASE("anything asked that differs is another question") {
  const auto change = [](int what) {
    auto tasks = two();
    switch (what) {
      case 0:
        tasks[0].description += "!";
        break;
      case 1:
        tasks[0].agent = "b";
        break;
      case 2:
        tasks[1].depends_on = {"load"};
        break;
      case 3:
        tasks[0].dependencies_given = true;
        break;
      default:
        tasks[0].id = "lod";
        break;
    }
    return tasks;
  };
  scripted_analysis a;
  a.model->say(answer({}));
  REQUIRE(a.analyze(two()));
  for (int what = 0; what < 5; ++what) {
    CAPTURE(what);
    a.model->say(answer({}));
    CHECK(a.analyze(change(what))->source == analysis_source::model);
  }
  auto tasks = two();
  tasks[0].priority = 50;
  CHECK(a.analyze(tasks)->source == analysis_source::cache);
}

TEST_CASE("answers survive on disk, also repaired ones, for the same model only [A34]") {
  tests::temp_dir folder;
  {
    scripted_analysis first;
    first.options.cache_folder = folder.path() / "deep" / "cache";
    first.model->say("no").say(answer({{"plot", "load"}}));
    CHECK(first.analyze(two())->source == analysis_source::repaired);
  }
  scripted_analysis second;
  second.options.cache_folder = folder.path() / "deep" / "cache";
  const auto r = second.analyze(two());
  CHECK(r->source == analysis_source::cache);
  CHECK(arrows(r->edges) == "load>plot");

  scripted_analysis third;
  third.options.cache_folder = second.options.cache_folder;
  third.options.model = "another";
  third.model->say(answer({}));
  CHECK(third.analyze(two())->source == analysis_source::model);
}

TEST_CASE("a corrupt or foreign cache file is ignored and replaced") {
  tests::temp_dir folder;
  {
    scripted_analysis first;
    first.options.cache_folder = folder.path();
    first.model->say(answer({{"plot", "load"}}));
    REQUIRE(first.analyze(two()));
  }
  REQUIRE(files(folder).size() == 1);
  const auto name = files(folder)[0].filename().string();
  const std::string key = name.substr(0, name.size() - 5);
  for (const std::string& content :
       {std::string(), std::string("{\"key\":"), std::string("[]"), std::string(R"({"key":"other","answer":{}})"),
        R"({"key":")" + key + R"("})", R"({"key":")" + key + R"(","answer":{"dependencies":7}})",
        R"({"key":")" + key + R"(","answer":)" + answer({{"plot", "gone"}}) + "}"}) {
    CAPTURE(content);
    folder.write(name, content);
    scripted_analysis a;
    a.options.cache_folder = folder.path();
    a.model->say(answer({{"plot", "load"}}));
    CHECK(a.analyze(two())->source == analysis_source::model);
    CHECK(parse_json(folder.read(name))->at("key") == key);
    CHECK(files(folder).size() == 1);
  }
}

TEST_CASE("a fallback is not remembered") {
  tests::temp_dir folder;
  scripted_analysis a;
  a.options.cache_folder = folder.path();
  a.model->fail_with(fail(errc::connect_failed, "nobody there"));
  CHECK(a.analyze(two())->source == analysis_source::fallback);
  CHECK(files(folder).empty());
  a.model->say(answer({}));
  CHECK(a.analyze(two())->source == analysis_source::model);
}

TEST_CASE("a cache folder that cannot be used costs a log line and nothing else") {
  tests::temp_dir folder;
  std::vector<std::string> lines;
  scripted_analysis a;
  a.options.cache_folder = folder.write("file", "") + "/below";
  a.options.logger =
      logger(log_level::warn, [&](log_level, std::string_view, std::string_view m) { lines.emplace_back(m); });
  a.model->say(answer({{"plot", "load"}}));
  CHECK(a.analyze(two())->source == analysis_source::model);
  CHECK(lines == std::vector<std::string>{"cannot keep the analysis in '" + a.options.cache_folder.string() + "'"});
  CHECK(a.analyze(two())->source == analysis_source::cache);
}
