#include "batch/input_file.hpp"
#include "support/temp_dir.hpp"

using namespace corchestra;
using namespace corchestra::batch;
using corchestra::tests::temp_dir;

namespace {

/// `line: {row}` of each, or the message that ended them.
std::vector<std::string> rows_of(std::string_view content) {
  const temp_dir dir;
  const std::string path = dir.write("in.CSV", content);
  const auto without_folder = [&](std::string message) { return message.erase(0, path.size()); };
  auto records = open_records(path);
  if (records.has_error()) return {without_folder(records.error().message)};
  std::vector<std::string> found;
  record r;
  for (;;) {
    const auto any = (*records)->next(r);
    if (any.has_error()) {
      found.push_back(without_folder(any.error().message));
      return found;
    }
    if (!*any) return found;
    REQUIRE(r.row);
    CHECK(r.index == found.size());
    found.push_back(std::to_string(r.line) + ": " + r.row->dump());
  }
}

using rows = std::vector<std::string>;

}  // namespace

TEST_CASE("rows are objects of texts under the names of the first row") {
  CHECK(rows_of("id,text\n1,good\n2,\n") == rows{R"(2: {"id":"1","text":"good"})", R"(3: {"id":"2","text":""})"});
  CHECK(rows_of("id,text\r\n1,good") == rows{R"(2: {"id":"1","text":"good"})"});
  CHECK(rows_of("a b\n x \n") == rows{R"(2: {"a b":" x "})"});
}

TEST_CASE("quoted fields hold commas, quotes and line breaks, and lines are counted all the same") {
  CHECK(rows_of("id,text\n1,\"a, \"\"b\"\"\n\nc\"\n2,x\r\n3,\"y\r\nz\"\n4,w\n") ==
        rows{R"(2: {"id":"1","text":"a, \"b\"\n\nc"})", R"(5: {"id":"2","text":"x"})",
             R"(6: {"id":"3","text":"y\r\nz"})", R"(8: {"id":"4","text":"w"})"});
}

TEST_CASE("blank lines between rows are counted and skipped") {
  CHECK(rows_of("\nid\n\n\n7\n\n8\n") == rows{R"(5: {"id":"7"})", R"(7: {"id":"8"})"});
}

TEST_CASE("a byte order mark is no part of the first name, quoted or not") {
  CHECK(rows_of("\xEF\xBB\xBFid,text\n1,a\n") == rows{R"(2: {"id":"1","text":"a"})"});
  CHECK(rows_of("\xEF\xBB\xBF\"id\",\"text\"\n1,a\n") == rows{R"(2: {"id":"1","text":"a"})"});
}

TEST_CASE("a row with another number of columns is an error at its line") {
  CHECK(rows_of("a,b\n1,2\n\n\"x\ny\"\n3,4\n") == rows{R"(2: {"a":"1","b":"2"})", ":4: expected 2 columns, got 1"});
  CHECK(rows_of("a\n1,2\n") == rows{":2: expected 1 columns, got 2"});
}

TEST_CASE("columns need names, each another") {
  CHECK(rows_of("a,,b\n") == rows{":1: a column has no name"});
  CHECK(rows_of("\na,b,a\n") == rows{":2: two columns are called 'a'"});
}

TEST_CASE("quotes in the wrong place are an error at their line") {
  CHECK(rows_of("a\n\"x\"y\n") == rows{":2: a quotation mark stands in the middle of a field: a field with marks is "
                                      "put between two of them, and its own are doubled"});
  CHECK(rows_of("a\n1\n\"x\ny\n") == rows{R"(2: {"a":"1"})", ":3: a quoted field does not end"});
}

TEST_CASE("an empty file, and one with names only, have no rows") {
  CHECK(rows_of("").empty());
  CHECK(rows_of("a,b\n").empty());
}

TEST_CASE("rows across the blocks that are read are whole") {
  std::string content = "id,text\n";
  for (int i = 0; i < 30'000; ++i) content += std::to_string(i) + ",\"text,\n" + std::to_string(i) + "\"\n";
  const auto found = rows_of(content);
  REQUIRE(found.size() == 30'000);
  CHECK(found.back() == R"(60000: {"id":"29999","text":"text,\n29999"})");
}

TEST_CASE("a row longer than 16 MiB is an error at its line") {
  CHECK(rows_of("a\n1\n\"" + std::string((16u << 20) + 300'000, 'x') + "\"\n") ==
        rows{R"(2: {"a":"1"})", ":3: the row is longer than 16 MiB"});
}
