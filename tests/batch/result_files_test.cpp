#include "batch/result_files.hpp"

#include <filesystem>

#include "batch/prices.hpp"
#include "support/temp_dir.hpp"

using namespace corchestra;
using namespace corchestra::batch;
using corchestra::tests::micro;
using corchestra::tests::simple_prices;
using corchestra::tests::temp_dir;

namespace {

std::string answer(int i) {
  return R"({"id":"batch_req_)" + std::to_string(i) + R"(","custom_id":"r)" + std::to_string(i) +
         R"(","response":{"status_code":200,"request_id":"","body":{"model":"m","usage":)"
         R"({"prompt_tokens":3,"completion_tokens":2}}},"error":null})";
}
std::string failure(int i) {
  return R"({"id":"batch_req_)" + std::to_string(i) + R"(","custom_id":"r)" + std::to_string(i) +
         R"(","response":null,"error":{"code":"timeout","message":""}})";
}

struct files_fixture {
  temp_dir dir;
  result_files::paths paths{dir.path() / "out.jsonl"};
  llm::price_table prices = simple_prices();
  semaphore places{100};

  files_fixture() { state().begin(input(), ordered_json::object()).value(); }
  static batch_input input() {
    batch_input in;
    in.requests = 10;
    in.path = "chat/completions";
    return in;
  }
  batch_state state() const { return batch_state::open(paths.state).value(); }
  result_files open(batch_state& s, bool ordered = false) const {
    return result_files::open(paths, ordered, &prices, s).value();
  }
  std::string refusal(bool ordered = false) const {
    batch_state s = state();
    const auto files = result_files::open(paths, ordered, &prices, s);
    return files.has_error() ? files.error().message : "none";
  }
  void write(const std::filesystem::path& p, const std::string& content) const {
    dir.write(p.filename().string(), content);
  }
  std::string read(const std::filesystem::path& p) const { return dir.read(p.filename().string()); }
};

void put(result_files& files, std::uint64_t index, line_state what, const std::string& line, batch_state& s) {
  files.put(index, what, [&line](std::string& text) { text += line; }, s);
}

std::string states_of(const batch_state& s) {
  std::string text;
  for (std::uint64_t i = 0; i < s.lines.size(); ++i) text += ".+-"[static_cast<int>(s.lines.at(i))];
  return text;
}

}  // namespace

TEST_CASE("the files of a batch lie beside its output") {
  const result_files::paths p("dir/answers.jsonl");
  CHECK(p.errors == "dir/answers.errors.jsonl");
  CHECK(p.state == "dir/answers.state.db");
  CHECK(p.ahead == "dir/answers.ahead.jsonl");
  CHECK(result_files::paths("answers").errors == "answers.errors.jsonl");
  CHECK(result_files::paths("a.b.txt").errors == "a.b.errors.txt");
}

TEST_CASE("answers and failures go to their files when they are flushed, and the state knows how far") {
  files_fixture f;
  batch_state s = f.state();
  auto files = f.open(s);
  put(files, 3, line_state::done, answer(3), s);
  put(files, 1, line_state::failed, failure(1), s);
  CHECK(f.read(f.paths.output).empty());
  REQUIRE(files.flush(s));
  CHECK(f.read(f.paths.output) == answer(3) + "\n");
  CHECK(f.read(f.paths.errors) == failure(1) + "\n");
  CHECK(states_of(s) == ".-.+......");
  CHECK(s.output_bytes == static_cast<std::int64_t>(answer(3).size() + 1));
}

TEST_CASE("lines that the state does not know of are taken in with what they cost; a torn last one is cut off") {
  files_fixture f;
  f.write(f.paths.output, answer(2) + "\n" + answer(5) + "\n" + answer(7).substr(0, 40));
  f.write(f.paths.errors, failure(1) + "\n{\"id\":");
  batch_state s = f.state();
  const auto files = f.open(s);
  CHECK(states_of(s) == ".-+..+....");
  CHECK(f.read(f.paths.output) == answer(2) + "\n" + answer(5) + "\n");
  CHECK(f.read(f.paths.errors) == failure(1) + "\n");
  CHECK(s.totals.spent == micro(14));
  CHECK(s.totals.usage.prompt_tokens == 6);
  CHECK(s.totals.failures.at("timeout") == 1);
}

TEST_CASE("lines that the state knows of are not counted again") {
  files_fixture f;
  {
    batch_state s = f.state();
    auto files = f.open(s);
    put(files, 3, line_state::done, answer(3), s);
    REQUIRE(files.flush(s));
    REQUIRE(s.save());
    put(files, 4, line_state::done, answer(4), s);
    REQUIRE(files.flush(s));
  }
  batch_state s = f.state();
  const auto files = f.open(s);
  CHECK(states_of(s) == "...++.....");
  CHECK(s.totals.spent == micro(7));
}

TEST_CASE("a file shorter than the state says is read anew, and what it lost is pending") {
  files_fixture f;
  {
    batch_state s = f.state();
    auto files = f.open(s);
    for (int i = 0; i < 4; ++i) put(files, static_cast<std::uint64_t>(i), line_state::done, answer(i), s);
    for (int i = 4; i < 6; ++i) put(files, static_cast<std::uint64_t>(i), line_state::failed, failure(i), s);
    s.totals.spent = micro(28);
    s.totals.failures["timeout"] = 2;
    REQUIRE(files.flush(s));
    REQUIRE(s.save());
  }
  std::filesystem::resize_file(f.paths.output, 2 * (answer(0).size() + 1) + 5);
  std::filesystem::resize_file(f.paths.errors, failure(4).size() + 1);
  batch_state s = f.state();
  const auto files = f.open(s);
  CHECK(states_of(s) == "++..-.....");
  CHECK(f.read(f.paths.output) == answer(0) + "\n" + answer(1) + "\n");
  CHECK(s.totals.spent == micro(28));
  CHECK(s.totals.failures.at("timeout") == 1);
}

TEST_CASE("a line that is no result of the batch is refused with its place") {
  files_fixture f;
  f.write(f.paths.output, answer(0) + "\n{\"note\":1}\n");
  CHECK(f.refusal() == "'" + f.paths.output.string() + "': at byte " + std::to_string(answer(0).size() + 1) +
                           " is a line that is no result of this batch");
  f.write(f.paths.output, answer(10) + "\n");
  CHECK(f.refusal() == "'" + f.paths.output.string() + "': at byte 0 is a line that is no result of this batch");
  f.write(f.paths.output, "");
  f.write(f.paths.ahead, answer(1) + "\n");
  CHECK(f.refusal(true) == "'" + f.paths.ahead.string() + "': at byte 0 is a line that is no result of this batch");
}

TEST_CASE("in input order a result waits for those before it, and keeps its place until then") {
  files_fixture f;
  batch_state s = f.state();
  auto files = f.open(s, true);
  for (std::uint64_t i = 0; i < 4; ++i) files.expect(i, f.places.try_acquire());
  put(files, 2, line_state::done, answer(2), s);
  put(files, 1, line_state::failed, failure(1), s);
  REQUIRE(files.flush(s));
  CHECK(f.read(f.paths.output).empty());
  CHECK(f.read(f.paths.ahead) == "+" + answer(2) + "\n-" + failure(1) + "\n");
  CHECK(states_of(s) == "..........");
  CHECK(files.is_ahead(2));
  CHECK(f.places.available() == 96);
  put(files, 0, line_state::done, answer(0), s);
  REQUIRE(files.flush(s));
  CHECK(f.read(f.paths.output) == answer(0) + "\n" + answer(2) + "\n");
  CHECK(f.read(f.paths.errors) == failure(1) + "\n");
  CHECK(states_of(s) == "+-+.......");
  CHECK(f.places.available() == 99);
  REQUIRE(files.drop_ahead(s));
  CHECK(f.read(f.paths.ahead).empty());
}

TEST_CASE("results ahead of their turn are found again, each counted once, whenever the process was killed") {
  for (const bool saved_early : {true, false}) {
    for (const bool moved : {true, false}) {
      CAPTURE(saved_early, moved);
      files_fixture f;
      {
        batch_state s = f.state();
        auto files = f.open(s, true);
        for (std::uint64_t i = 0; i < 3; ++i) files.expect(i, f.places.try_acquire());
        put(files, 1, line_state::done, answer(1), s);
        s.totals.spent = micro(7);
        REQUIRE(files.flush(s));
        if (saved_early) REQUIRE(s.save());
        put(files, 2, line_state::done, answer(2), s);
        if (moved) put(files, 0, line_state::done, answer(0), s);
        REQUIRE(files.flush(s));
      }
      batch_state s = f.state();
      auto files = f.open(s, true);
      CHECK(s.totals.spent == micro(moved ? 21 : 14));
      CHECK(states_of(s) == (moved ? "+++......." : ".........."));
      CHECK(files.is_ahead(1) == !moved);
      CHECK(files.is_ahead(2) == !moved);
    }
  }
}

TEST_CASE("without an order results that waited go to their files at once") {
  files_fixture f;
  f.write(f.paths.ahead, "+" + answer(4) + "\n-" + failure(3) + "\n+{\"id\":\"batch");
  batch_state s = f.state();
  const auto files = f.open(s, false);
  CHECK(f.read(f.paths.output) == answer(4) + "\n");
  CHECK(f.read(f.paths.errors) == failure(3) + "\n");
  CHECK(f.read(f.paths.ahead).empty());
  CHECK(states_of(s) == "...-+.....");
}

TEST_CASE("failures can be taken back") {
  files_fixture f;
  f.write(f.paths.errors, failure(1) + "\n");
  f.write(f.paths.ahead, "-" + failure(5) + "\n+" + answer(6) + "\n");
  batch_state s = f.state();
  auto files = f.open(s, true);
  CHECK(files.is_ahead(5));
  REQUIRE(files.forget_failures());
  CHECK_FALSE(files.is_ahead(5));
  CHECK(files.is_ahead(6));
  CHECK(f.read(f.paths.errors).empty());
}
