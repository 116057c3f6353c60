#include "session/output_folder.hpp"

#include <catch2/catch_test_macros.hpp>
#include <optional>

#include "support/file_size_limit.hpp"
#include "support/show.hpp"
#include "support/temp_dir.hpp"

using namespace corchestra;
using corchestra::tests::temp_dir;
namespace fs = std::filesystem;

namespace {

task_result completed(std::string id, json value) {
  task_result r;
  r.id = std::move(id);
  r.state = task_state::completed;
  r.output = task_output(std::move(value));
  return r;
}

result<output_folder> open(const fs::path& path, bool force = false) { return output_folder::open(path, force, {}, {}); }

output_folder begun(const fs::path& path, bool force = false) {
  output_folder folder = open(path, force).value();
  folder.begin();
  return folder;
}

}  // namespace

TEST_CASE("a new or empty folder is taken") {
  const temp_dir dir;
  CHECK(open(dir.path() / "a" / "b"));
  fs::create_directory(dir.path() / "empty");
  CHECK(open(dir.path() / "empty"));
}

TEST_CASE("a folder that holds something is refused without force") {
  const temp_dir dir;
  dir.write("out/notes.txt", "mine");
  const auto refused = open(dir.path() / "out");
  REQUIRE(refused.has_error());
  CHECK(refused.error().is(errc::file_error));
  CHECK(refused.error().message ==
        "output folder '" + dir.file("out") +
            "' is not empty: choose another, or replace an earlier run's files with --force");
  CHECK(dir.read("out/notes.txt") == "mine");
  CHECK_FALSE(fs::exists(dir.path() / "out" / "events.jsonl"));
}

TEST_CASE("a file where the folder should be is refused") {
  const temp_dir dir;
  dir.write("out", "");
  for (const bool force : {false, true}) {
    const auto refused = open(dir.path() / "out", force);
    REQUIRE(refused.has_error());
    CHECK(refused.error().message == "output '" + dir.file("out") + "' is not a folder");
  }
}

TEST_CASE("force replaces what an earlier run left and nothing else") {
  const temp_dir dir;
  const fs::path out = dir.path() / "out";
  {
    auto earlier = begun(out);
    for (const auto& r : {completed("old", "text"), completed("old/1", json{{"n", 1}})}) {
      earlier.write_output(r);
      earlier.add_result({{"id", r.id}});
    }
    earlier.write("summary.json", "{}");
  }
  dir.write("out/notes.txt", "mine");
  dir.write("out/outputs/mine.txt", "mine too");
  REQUIRE(fs::exists(out / "outputs" / "old" / "1.json"));

  auto folder = open(out, true);
  REQUIRE(folder);
  folder->add_event({{"seq", 1}});
  CHECK(fs::exists(out / "summary.json"));
  CHECK(fs::exists(out / "outputs" / "old.txt"));
  folder->begin();
  CHECK(dir.read("out/events.jsonl") == "{\"seq\":1}\n");
  CHECK(dir.read("out/notes.txt") == "mine");
  CHECK(dir.read("out/outputs/mine.txt") == "mine too");
  CHECK_FALSE(fs::exists(out / "summary.json"));
  CHECK_FALSE(fs::exists(out / "outputs" / "old.txt"));
  CHECK_FALSE(fs::exists(out / "outputs" / "old"));
  CHECK(dir.read("out/results.jsonl").empty());
}

TEST_CASE("a folder that another run writes to is refused until that run has ended") {
  const temp_dir dir;
  std::optional<output_folder> first = begun(dir.path() / "out");
  const auto refused = open(dir.path() / "out", true);
  REQUIRE(refused.has_error());
  CHECK(refused.error().message == "the folder '" + dir.file("out") + "' is in use by another run");
  CHECK(fs::exists(dir.path() / "out" / "results.jsonl"));
  first.reset();
  CHECK(open(dir.path() / "out", true));
}

TEST_CASE("text is written as it is, other values as JSON, failures not at all") {
  const temp_dir dir;
  auto folder = open(dir.path() / "out");
  REQUIRE(folder);
  folder->write_output(completed("t", "line one\nline two"));
  folder->write_output(completed("j", json{{"a", 1}}));
  folder->write_output(completed("n", nullptr));
  task_result failed = completed("f", "x");
  failed.state = task_state::failed;
  folder->write_output(failed);
  CHECK(dir.read("out/outputs/t.txt") == "line one\nline two");
  CHECK(dir.read("out/outputs/j.json") == "{\n  \"a\": 1\n}\n");
  CHECK(dir.read("out/outputs/n.json") == "null\n");
  CHECK_FALSE(fs::exists(dir.path() / "out" / "outputs" / "f.txt"));
  CHECK_FALSE(folder->failure());
}

TEST_CASE("the first file that cannot be written is remembered") {
  const temp_dir dir;
  auto folder = open(dir.path() / "out");
  REQUIRE(folder);
  dir.write("out/summary.json/in-the-way", "");
  folder->write("summary.json", "{}");
  folder->write("trace.json", "[]");
  REQUIRE(folder->failure());
  CHECK(folder->failure()->is(errc::file_error));
  CHECK(folder->failure()->message == "cannot write '" + dir.file("out/summary.json") + "': Is a directory");
  CHECK(dir.read("out/trace.json") == "[]");
}

TEST_CASE("results that are not in their file are counted") {
  const temp_dir dir;
  output_folder folder = begun(dir.path() / "out");
  folder.add_result({{"id", "a"}});
  const tests::file_size_limit limit(22);
  folder.add_result({{"id", "bbbbbbbbbbbbbbbbbbbbbbbbbbbbb"}});
  folder.add_result({{"id", "c"}});
  CHECK(folder.lost_results() == 1);
  CHECK(dir.read("out/results.jsonl") == "{\"id\":\"a\"}\n{\"id\":\"c\"}\n");
  REQUIRE(folder.failure());
  CHECK(folder.failure()->message == "cannot write '" + dir.file("out/results.jsonl") + "': File too large");
}

TEST_CASE("discarding takes back what was made") {
  const temp_dir dir;
  auto made = open(dir.path() / "new");
  made->discard();
  CHECK_FALSE(fs::exists(dir.path() / "new"));
  fs::create_directory(dir.path() / "given");
  auto taken = open(dir.path() / "given");
  taken->discard();
  CHECK(fs::is_empty(dir.path() / "given"));
}
