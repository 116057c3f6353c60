#include "core/resource_path.hpp"

#include <catch2/catch_test_macros.hpp>

#include "core/lock_player.hpp"

using namespace corchestra;
using namespace corchestra::tests;
using detail::normal_path;
using detail::parent_path;
using enum lock_mode;

TEST_CASE("only `file:` and `directory:` are paths") {
  CHECK(detail::is_path("file:a"));
  CHECK(detail::is_path("directory:"));
  CHECK_FALSE(detail::is_path("service:a/b"));
  CHECK_FALSE(detail::is_path("files:a"));
  CHECK_FALSE(detail::is_path("file"));
}

TEST_CASE("a path is the same however it is written") {
  CHECK(normal_path("file:./a//b/./c/") == "a/b/c");
  CHECK(normal_path("file:a/x/../b") == "a/b");
  CHECK(normal_path("file:/a//b/") == "/a/b");
  CHECK(normal_path("file:/../a") == "/a");
  CHECK(normal_path("directory:") == ".");
  CHECK(normal_path("directory:./") == ".");
  CHECK(normal_path("directory:a/..") == ".");
  CHECK(normal_path("directory:/") == "/");
  CHECK(normal_path("file:../a") == "../a");
  CHECK(normal_path("file:a/../../b/c") == "../b/c");
  CHECK(normal_path("directory:..") == ".");
  CHECK(normal_path("file:a/..b/...") == "a/..b/...");
}

TEST_CASE("every path leads up to the root of its tree") {
  CHECK(parent_path("a/b/c") == "a/b");
  CHECK(parent_path("a") == ".");
  CHECK(parent_path(".").empty());
  CHECK(parent_path("/a/b") == "/a");
  CHECK(parent_path("/a") == "/");
  CHECK(parent_path("/").empty());
  CHECK(parent_path("../../a/b") == "../../a");
  CHECK(parent_path("../../a") == ".");
  CHECK(parent_path("../a") == ".");
  CHECK(parent_path("b/...") == "b");
}

TEST_CASE("[E15] a folder's lock covers what is in it, at any depth, and what holds a file blocks its folders") {
  lock_player p;
  CHECK(p.ask(1, {{"directory:data"}}));
  CHECK_FALSE(p.ask(2, {{"file:data/x/y"}}));
  CHECK(p.waits_for(2) == "directory:data");
  CHECK(p.table.holders(p.tasks[2].on) == std::vector<task_index>{1});
  CHECK(p.ask(3, {{"file:database"}}));
  CHECK(p.ask(4, {{"file:/data/x"}}));  // another tree
  p.end(1);
  CHECK(p.holds(2));
  CHECK_FALSE(p.ask(5, {{"directory:./data/"}}));
  CHECK(p.table.holders(p.tasks[5].on) == std::vector<task_index>{2});
  CHECK_FALSE(p.ask(6, {{"directory:."}}));
  p.end(2);
  CHECK(p.holds(5));
  p.end(5);
  p.end(3);
  CHECK(p.holds(6));
}

TEST_CASE("a folder may be read by many while files in it are read, and not while one is written") {
  lock_player p;
  CHECK(p.ask(1, {{"directory:data", shared}}));
  CHECK(p.ask(2, {{"file:data/a", shared}}));
  CHECK(p.ask(3, {{"directory:data", shared}}));
  CHECK_FALSE(p.ask(4, {{"file:data/a"}}));
  CHECK(p.waits_for(4) == "directory:data");
  for (const task_index t : {1U, 3U}) p.end(t);
  CHECK(p.waits_for(4) == "file:data/a");
  p.end(2);
  CHECK(p.holds(4));
  CHECK(p.ask(5, {{"file:data/b"}}));
  CHECK_FALSE(p.ask(6, {{"directory:data", shared}}));
}

TEST_CASE("a file and a folder of one path are one resource") {
  lock_player p;
  CHECK(p.ask(1, {{"file:a/b"}}));
  CHECK_FALSE(p.ask(2, {{"directory:a/b"}}));
  CHECK_FALSE(p.ask(3, {{"file:a/x/../b"}}));
  CHECK(p.waits_for(2) == "file:a/b");
}

TEST_CASE("a set with a folder and a file in it is no conflict with itself") {
  lock_player p;
  CHECK(p.ask(1, {{"directory:a", shared}, {"file:a/b"}, {"file:a/c/d", shared}}));
  CHECK_FALSE(p.ask(2, {{"file:a/z", shared}}));  // reading all of `a` and writing in it comes to an exclusive lock
  p.end(1);
  CHECK(p.holds(2));
}

TEST_CASE("status leaves out the folders that nobody asked for") {
  lock_player p;
  p.ask(1, {{"file:a/b/c"}});
  REQUIRE(p.status().size() == 1);
  CHECK(p.status()[0].resource == "file:a/b/c");
  CHECK(p.status()[0].mode == exclusive);
  p.ask(2, {{"directory:a"}});
  REQUIRE(p.status().size() == 2);
  CHECK(p.status()[0].resource == "directory:a");
  CHECK(p.status()[0].mode == intent_exclusive);
  CHECK(p.status()[0].holders == std::vector<std::string>{"t1"});
}

TEST_CASE("a path longer than 4096 bytes is refused") {
  const detail::resource_table t;
  std::string deep = "file:";
  for (int i = 0; i < 3000; ++i) deep += "a/";
  const auto checked = t.check(std::vector<resource_request>{{deep}});
  REQUIRE(checked.has_error());
  CHECK(checked.error().is(errc::invalid_argument));
}
