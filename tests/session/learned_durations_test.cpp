#include <catch2/catch_test_macros.hpp>
#include <corchestra/session/learned_durations.hpp>

#include "stage.hpp"

using namespace corchestra;
using namespace std::chrono_literals;
using tests::stage;

namespace {

constexpr std::string_view two = R"(
name: two/parts
agents: {c: {kind: command, argv: [echo, done]}, no: {kind: command, argv: ["false"]}}
tasks:
  - {id: good, agent: c, task_type: talk, description: x, depends_on: []}
  - {id: bad, agent: no, description: x, depends_on: []}
)";

session_options options(stage& s) {
  auto o = s.options(two);
  o.settings.cache_folder = s.folder.path() / "cache";
  o.force = true;
  return o;
}

}  // namespace

TEST_CASE("a run leaves what its tasks took beside its outputs and for the next run of its name") {
  stage s;
  REQUIRE(s.run(options(s)));
  const json beside = s.read_json("durations.json");
  CHECK(beside["types"].contains("talk"));
  CHECK(beside["tasks"].contains("good"));
  CHECK_FALSE(beside["tasks"].contains("bad"));
  const auto kept = learned_durations_path(options(s).settings, "two/parts");
  CHECK(kept == s.folder.path() / "cache/durations/two/parts.json");
  CHECK(json::parse(s.folder.read("cache/durations/two/parts.json")) == beside);

  REQUIRE(s.run(options(s)));
  CHECK(s.read_json("durations.json")["types"]["talk"]["samples"] == 2);
}

TEST_CASE("a plan gets what is known, and keeps what it says itself") {
  stage s;
  s.folder.write("cache/durations/two/parts.json",
                 R"({"types": {"talk": {"mean_seconds": 2.0, "variance": 0.0, "samples": 3}}, "tasks": {"bad": 4.5}})");
  const auto o = options(s);
  plan_document plan = o.plan;
  plan.plan.tasks[0].rules.get_or_emplace().expected_duration = duration(1s);
  CHECK(apply_learned_durations(plan, o.settings));
  CHECK(plan.plan.options.durations->expected("talk", "") == optional_duration(2s));
  CHECK(plan.plan.tasks[0].rules->expected_duration == optional_duration(1s));
  CHECK(plan.plan.tasks[1].rules->expected_duration == optional_duration(4500ms));
}

TEST_CASE("a damaged file of durations counts as none, and is replaced") {
  stage s;
  s.folder.write("cache/durations/two/parts.json", "{broken");
  auto o = options(s);
  CHECK_FALSE(apply_learned_durations(o.plan, o.settings));
  REQUIRE(s.run(std::move(o)));
  CHECK(json::parse(s.folder.read("cache/durations/two/parts.json"))["tasks"].contains("good"));
}

TEST_CASE("simulated runs teach nothing") {
  stage s;
  auto o = options(s);
  o.simulated = true;
  REQUIRE(s.run(std::move(o)));
  CHECK_FALSE(std::filesystem::exists(s.folder.path() / "cache"));
  CHECK(std::filesystem::exists(s.folder.path() / "out/durations.json"));
}

TEST_CASE("replayed runs and those with a reply from a response cache teach nothing") {
  stage s;
  const std::string url = s.serve(tests::say_done);
  const std::string cassette = s.folder.file("tape.jsonl"), cache = s.folder.file("replies.db");
  const auto samples_after = [&](std::map<std::string, std::string> flags) {
    flags["endpoint.base_url"] = url;
    auto o = s.options(
        "name: asks\nagents: {w: {kind: llm, model: m, stream: false}}\n"
        "tasks: [{id: a, agent: w, task_type: talk, description: One, depends_on: []}]",
        std::move(flags));
    o.settings.cache_folder = s.folder.path() / "cache";
    o.force = true;
    REQUIRE(s.run(std::move(o)));
    return json::parse(s.folder.read("cache/durations/asks.json"))["types"]["talk"]["samples"].get<int>();
  };
  CHECK(samples_after({{"record", cassette}}) == 1);
  CHECK(samples_after({{"replay", cassette}}) == 1);
  CHECK(samples_after({{"response_cache", cache}}) == 2);
  CHECK(samples_after({{"response_cache", cache}}) == 2);
}

TEST_CASE("the summary has what was lost to waits, and nothing that was not") {
  stage s;
  const auto r = s.run(s.options(R"(
agents: {c: {kind: command, argv: [sleep, "0.01"]}}
tasks:
  - {id: a, agent: c, description: x, depends_on: []}
  - {id: b, agent: c, description: x, depends_on: [a]}
)"));
  REQUIRE(r);
  const json lost = s.read_json("summary.json")["lost_seconds"];
  CHECK(lost["deps"] > 0.0);
  CHECK_FALSE(lost.contains("lock"));
  CHECK_FALSE(lost.contains("run"));
  CHECK(r->time[time_use::run] > duration::zero());
}
