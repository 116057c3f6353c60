#include "batch/batch_state.hpp"

#include "batch/prices.hpp"
#include "support/temp_dir.hpp"

using namespace corchestra;
using namespace corchestra::batch;
using corchestra::tests::micro;
using corchestra::tests::temp_dir;

namespace {

batch_input input_of(std::uint64_t requests) {
  batch_input in;
  in.requests = requests;
  in.xxh128 = "abc";
  in.path = "chat/completions";
  in.models["m"] = {requests, 1000, 50, 1, micro(1234)};
  return in;
}

struct state_file {
  temp_dir dir;
  std::filesystem::path path = dir.path() / "out.state.db";

  state_file() {
    auto s = batch_state::open(path);
    REQUIRE(s);
    REQUIRE_FALSE(s->input());
    REQUIRE(s->begin(input_of(20'000), {{"model", "m"}}));
  }
  void execute(const char* sql) const {
    auto db = store::database::open(path);
    REQUIRE(db);
    REQUIRE(db->execute(sql));
  }
  /// Without the file's name.
  std::string refusal() const {
    const auto s = batch_state::open(path);
    return s.has_error() ? s.error().message.substr(path.string().size()) : "none";
  }
};

}  // namespace

TEST_CASE("what was saved is there when the state is opened again") {
  const state_file f;
  {
    auto s = batch_state::open(f.path);
    REQUIRE(s);
    s->lines.set(3, line_state::done);
    s->lines.set(19'999, line_state::failed);
    s->totals.usage = {.prompt_tokens = 5, .completion_tokens = 6, .cached_tokens = 1, .calls = 2};
    s->totals.spent = micro(77);
    s->totals.unpriced_calls = 8;
    s->totals.estimated_calls = 9;
    s->totals.failures["timeout"] = 1;
    s->output_bytes = 100;
    s->errors_bytes = 200;
    s->ahead_bytes = 300;
    REQUIRE(s->save());
    s->lines.set(4, line_state::done);  // not saved
  }
  const auto s = batch_state::open(f.path);
  REQUIRE(s);
  REQUIRE(s->input());
  CHECK(s->input()->requests == 20'000);
  CHECK(s->input()->xxh128 == "abc");
  CHECK(s->input()->path == "chat/completions");
  CHECK(s->input()->models == input_of(20'000).models);
  CHECK(s->settings() == ordered_json{{"model", "m"}});
  CHECK(s->lines.at(3) == line_state::done);
  CHECK(s->lines.at(4) == line_state::pending);
  CHECK(s->lines.at(19'999) == line_state::failed);
  CHECK(s->lines.count(line_state::pending) == 19'998);
  CHECK(s->totals.usage == token_usage{.prompt_tokens = 5, .completion_tokens = 6, .cached_tokens = 1, .calls = 2});
  CHECK(s->totals.spent == micro(77));
  CHECK(s->totals.unpriced_calls == 8);
  CHECK(s->totals.estimated_calls == 9);
  CHECK(s->totals.failures.at("timeout") == 1);
  CHECK(s->output_bytes == 100);
  CHECK(s->errors_bytes == 200);
  CHECK(s->ahead_bytes == 300);
}

TEST_CASE("a state is of one process at a time") {
  const state_file f;
  const auto mine = batch_state::open(f.path);
  REQUIRE(mine);
  const auto other = batch_state::open(f.path);
  REQUIRE(other.has_error());
  CHECK(other.error().is(errc::file_error));
  CHECK(other.error().message == "'" + f.path.string() + "' is in use by another process");
}

TEST_CASE("a state of another version is refused") {
  const state_file f;
  f.execute("UPDATE about SET value = '1' WHERE key = 'format'");
  CHECK(f.refusal() == ": it was made by another version of corchestra (its format is 1, expected 2)");
}

TEST_CASE("a state that is damaged is refused with the part that is") {
  const auto refused = [](const char* sql) {
    const state_file f;
    f.execute(sql);
    return f.refusal();
  };
  CHECK(refused("UPDATE about SET value = '{' WHERE key = 'format'") == ": it is damaged: its format");
  CHECK(refused("UPDATE about SET value = '{}' WHERE key = 'input'") == ": it is damaged: its input");
  CHECK(refused("UPDATE about SET value = '7' WHERE key = 'settings'") == ": it is damaged: its settings");
  CHECK(refused("UPDATE about SET value = '[]' WHERE key = 'progress'") == ": it is damaged: its progress");
  CHECK(refused("DELETE FROM about WHERE key = 'input'") == ": it is incomplete");
  CHECK(refused("INSERT INTO chunks VALUES(0, x'00')") == ": it is damaged: its lines");
  CHECK(refused("INSERT INTO chunks VALUES(99, zeroblob(2048))") == ": it is damaged: its lines");
}

TEST_CASE("a file of another kind is refused") {
  const temp_dir dir;
  const std::string path = dir.write("out.state.db", std::string(4096, 'x'));
  const auto s = batch_state::open(path);
  REQUIRE(s.has_error());
  CHECK(s.error().message == "'" + path + "' is not an SQLite database");
}

TEST_CASE("a state without a path is in memory") {
  auto s = batch_state::open({});
  REQUIRE(s);
  REQUIRE(s->begin(input_of(5), {}));
  CHECK(s->lines.size() == 5);
}
