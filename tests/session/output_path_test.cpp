#include "session/output_path.hpp"

#include <catch2/catch_test_macros.hpp>
#include <set>
#include <string>
#include <vector>

using corchestra::output_path;

TEST_CASE("a task's output lies under its id, children in folders of their parents") {
  struct row {
    std::string id, path;
  };
  const std::vector<row> rows = {
      {"load", "load.txt"},
      {"plan/1", "plan/1.txt"},
      {"a/b/c", "a/b/c.txt"},
      {"two words", "two%20words.txt"},
      {"..", "%2E..txt"},
      {"../../etc/passwd", "%2E./%2E./etc/passwd.txt"},
      {".hidden", "%2Ehidden.txt"},
      {"/etc/passwd", "%2Fetc%2Fpasswd.txt"},
      {"a//b", "a%2F%2Fb.txt"},
      {"a/", "a%2F.txt"},
      {"", ".txt"},
      {"a\nb", "a%0Ab.txt"},
      {"50%", "50%25.txt"},
      {"C:\\x", "C%3A%5Cx.txt"},
      {"größe", "größe.txt"},
      {"a.txt/b", "a%2Etxt/b.txt"},
      {"a.json/b", "a%2Ejson/b.txt"},
  };
  for (const auto& r : rows) CHECK(output_path(r.id, ".txt").string() == r.path);
}

TEST_CASE("long ids are cut and still have names of their own") {
  const std::string long_id(500, 'x');
  std::set<std::string> names;
  for (const char last : {'a', 'b', 'c'}) names.insert(output_path(long_id + last, ".json").string());
  CHECK(names.size() == 3);
  for (const auto& name : names) {
    CHECK(name.size() < 200);
    CHECK(name.ends_with(".json"));
  }
}
