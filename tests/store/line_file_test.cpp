#include "store/line_file.hpp"

#include <sys/resource.h>
#include <sys/stat.h>

#include <catch2/catch_test_macros.hpp>
#include <csignal>

#include "support/show.hpp"
#include "support/temp_dir.hpp"

using namespace corchestra;
using corchestra::tests::temp_dir;

namespace {

/// Files of this process cannot grow beyond a size: what a full disk looks like.
class full_disk {
 public:
  explicit full_disk(rlim_t bytes) {
    ::getrlimit(RLIMIT_FSIZE, &before_);
    handler_ = std::signal(SIGXFSZ, SIG_IGN);
    const rlimit small{bytes, before_.rlim_max};
    ::setrlimit(RLIMIT_FSIZE, &small);
  }
  ~full_disk() {
    ::setrlimit(RLIMIT_FSIZE, &before_);
    std::signal(SIGXFSZ, handler_);
  }

 private:
  rlimit before_{};
  void (*handler_)(int) = nullptr;
};

}  // namespace

TEST_CASE("a line that does not fit is taken back whole") {
  const temp_dir dir;
  auto file = line_file::create(dir.path() / "events.jsonl");
  REQUIRE(file);
  REQUIRE(file->append("first"));
  {
    const full_disk limit(10);
    const auto refused = file->append("second");
    REQUIRE(refused.has_error());
    CHECK(refused.error().is(errc::file_error));
    CHECK(refused.error().message == "cannot write '" + dir.file("events.jsonl") + "': File too large");
  }
  REQUIRE(file->append("third"));
  CHECK(dir.read("events.jsonl") == "first\nthird\n");
}

TEST_CASE("a file that cannot be written whole keeps its old content and leaves nothing beside it") {
  const temp_dir dir;
  REQUIRE(write_file_atomically(dir.path() / "summary.json", "old"));
  {
    const full_disk limit(4);
    const auto refused = write_file_atomically(dir.path() / "summary.json", "much longer");
    REQUIRE(refused.has_error());
    CHECK(refused.error().is(errc::file_error));
  }
  CHECK(dir.read("summary.json") == "old");
  CHECK_FALSE(std::filesystem::exists(dir.path() / "summary.json.tmp"));
}

TEST_CASE("a new line file replaces a link instead of following it") {
  const temp_dir dir;
  const std::string target = dir.write("precious.txt", "keep me");
  std::filesystem::create_symlink(target, dir.path() / "events.jsonl");
  auto file = line_file::create(dir.path() / "events.jsonl");
  REQUIRE(file);
  REQUIRE(file->append("x"));
  CHECK(dir.read("precious.txt") == "keep me");
  CHECK(dir.read("events.jsonl") == "x\n");
}

TEST_CASE("missing folders are made") {
  const temp_dir dir;
  REQUIRE(write_file_atomically(dir.path() / "a" / "b" / "c.txt", "x"));
  CHECK(dir.read("a/b/c.txt") == "x");
}

TEST_CASE("an opened file keeps what it has and grows behind it") {
  const temp_dir dir;
  dir.write("x.jsonl", "a\n");
  auto file = line_file::open(dir.path() / "x.jsonl");
  REQUIRE(file);
  CHECK(file->size() == 2);
  REQUIRE(file->append_block("b\nc\n"));
  CHECK(file->size() == 6);
  CHECK(dir.read("x.jsonl") == "a\nb\nc\n");
  const auto read = file->read(2, 3);
  REQUIRE(read);
  CHECK(*read == "b\nc");
  REQUIRE(file->cut(2));
  REQUIRE(file->append("d"));
  CHECK(dir.read("x.jsonl") == "a\nd\n");
}

TEST_CASE("a block of lines that does not fit is taken back whole") {
  const temp_dir dir;
  auto file = line_file::open(dir.path() / "x.jsonl");
  REQUIRE(file);
  REQUIRE(file->append("a"));
  {
    const full_disk limit(5);
    CHECK(file->append_block("b\nc\nd\n").has_error());
  }
  CHECK(file->size() == 2);
  CHECK(dir.read("x.jsonl") == "a\n");
}

TEST_CASE("reading beyond a file's end is an error") {
  const temp_dir dir;
  const std::string path = dir.write("x.jsonl", "a\n");
  const auto file = line_file::open(path);
  REQUIRE(file);
  const auto read = file->read(0, 3);
  REQUIRE(read.has_error());
  CHECK(read.error().message == "'" + path + "' is shorter than it was");
}
