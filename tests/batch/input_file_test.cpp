#include "batch/input_file.hpp"

#include "support/temp_dir.hpp"

using namespace corchestra;
using namespace corchestra::batch;
using corchestra::tests::temp_dir;

namespace {

using numbered = std::vector<std::pair<std::uint64_t, std::string>>;

numbered lines_of(std::string_view content) {
  const temp_dir dir;
  auto records = open_records(dir.write("in.jsonl", content));
  REQUIRE(records);
  numbered found;
  record r;
  for (;;) {
    const auto any = (*records)->next(r);
    REQUIRE(any);
    if (!*any) return found;
    CHECK(r.index == found.size());
    CHECK_FALSE(r.row);
    found.emplace_back(r.line, r.text);
  }
}

}  // namespace

TEST_CASE("each line is a record, with its place in the file") {
  CHECK(lines_of("a\nb\n") == numbered{{1, "a"}, {2, "b"}});
  CHECK(lines_of("").empty());
}

TEST_CASE("blank lines count as lines and are no records") {
  CHECK(lines_of("\n a\n\n \t\r\nb\n\n") == numbered{{2, " a"}, {5, "b"}});
}

TEST_CASE("line breaks may be those of Windows") { CHECK(lines_of("a\r\nb\r\n") == numbered{{1, "a"}, {2, "b"}}); }

TEST_CASE("the last line needs no break") {
  CHECK(lines_of("a\nb") == numbered{{1, "a"}, {2, "b"}});
  CHECK(lines_of("a\nb\r") == numbered{{1, "a"}, {2, "b"}});
}

TEST_CASE("a byte order mark at the start is skipped, and none elsewhere") {
  CHECK(lines_of("\xEF\xBB\xBF{}\n\xEF\xBB\xBFx\n") == numbered{{1, "{}"}, {2, "\xEF\xBB\xBFx"}});
  CHECK(lines_of("\xEF\xBB\xBF").empty());
  CHECK(lines_of("\xEF\xBB\xBF\n{}") == numbered{{2, "{}"}});
}

TEST_CASE("lines across the blocks that are read are whole") {
  std::string content;
  numbered expected;
  for (std::size_t i = 0; i < 40; ++i) {
    expected.emplace_back(i + 1,
                          std::string(i * 7919 % 60'000 + (i == 20 ? 900'000 : 1), static_cast<char>('a' + i % 26)));
    content += expected.back().second + '\n';
  }
  CHECK((lines_of(content) == expected));
}

TEST_CASE("a line longer than 16 MiB is an error that names its place") {
  const temp_dir dir;
  const std::string path = dir.write("in.jsonl", "{}\n" + std::string((16u << 20) + 300'000, 'x') + "\n{}\n");
  auto records = open_records(path);
  REQUIRE(records);
  record r;
  const auto first = (*records)->next(r);
  REQUIRE(first);
  const auto second = (*records)->next(r);
  REQUIRE(second.has_error());
  CHECK(second.error().is(errc::too_large));
  CHECK(second.error().message == path + ":2: the line is longer than 16 MiB");
}

TEST_CASE("a file that cannot be read twice, or not at all, is refused") {
  const temp_dir dir;
  const auto missing = open_records(dir.path() / "none.jsonl");
  REQUIRE(missing.has_error());
  CHECK(missing.error().message == "cannot read '" + dir.file("none.jsonl") + "': No such file or directory");
  const auto folder = open_records(dir.path());
  REQUIRE(folder.has_error());
  CHECK(folder.error().message == "'" + dir.path().string() + "' is no regular file: a batch reads it twice");
}
