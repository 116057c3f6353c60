#include "store/sqlite.hpp"

#include <filesystem>

#include "support/temp_dir.hpp"

using namespace corchestra;
using namespace corchestra::store;
using corchestra::tests::temp_dir;

namespace {

std::int64_t number(database& db, std::string_view sql) {
  auto s = db.prepare(sql);
  REQUIRE(s);
  const auto any = s->step();
  REQUIRE(any);
  REQUIRE(*any);
  return s->integer(0);
}

}  // namespace

TEST_CASE("what is written is there when the file is opened again") {
  const temp_dir dir;
  const std::string bytes("a\0b\xFF", 4);
  {
    auto db = database::open(dir.path() / "x.db");
    REQUIRE(db);
    REQUIRE(db->execute("CREATE TABLE t(n INTEGER, s TEXT, b BLOB)"));
    auto insert = db->prepare("INSERT INTO t VALUES(?1, ?2, ?3)");
    REQUIRE(insert);
    REQUIRE(insert->bind(1, std::int64_t{-7}).bind(2, "\xC3\xA9").bind_blob(3, bytes).run());
    REQUIRE(insert->bind(1, std::int64_t{8}).bind(2, "").bind_blob(3, "").run());
  }
  auto db = database::open(dir.path() / "x.db");
  REQUIRE(db);
  auto query = db->prepare("SELECT n, s, b FROM t ORDER BY n");
  REQUIRE(query);
  auto any = query->step();
  REQUIRE(any);
  REQUIRE(*any);
  CHECK(query->integer(0) == -7);
  CHECK(query->bytes(1) == "\xC3\xA9");
  CHECK(query->bytes(2) == bytes);
  any = query->step();
  REQUIRE(*any);
  CHECK(query->bytes(1).empty());
  CHECK(query->bytes(2).empty());
  any = query->step();
  REQUIRE(any);
  CHECK_FALSE(*any);
}

TEST_CASE("a statement can be run again after its last row, and before it after a reset") {
  auto db = database::in_memory();
  REQUIRE(db);
  auto s = db->prepare("SELECT ?1 UNION ALL SELECT ?1 + 1");
  REQUIRE(s);
  for (const std::int64_t n : {1, 5}) {
    s->bind(1, n);
    auto any = s->step();
    REQUIRE(*any);
    CHECK(s->integer(0) == n);
    s->reset();
    any = s->step();
    CHECK(s->integer(0) == n);
    any = s->step();
    CHECK(s->integer(0) == n + 1);
    any = s->step();
    CHECK_FALSE(*any);
  }
}

TEST_CASE("a transaction that is not committed changes nothing") {
  auto db = database::in_memory();
  REQUIRE(db);
  REQUIRE(db->execute("CREATE TABLE t(n)"));
  {
    auto t = transaction::begin(*db);
    REQUIRE(t);
    REQUIRE(db->execute("INSERT INTO t VALUES(1)"));
  }
  CHECK(number(*db, "SELECT count(*) FROM t") == 0);
  {
    auto t = transaction::begin(*db);
    REQUIRE(t);
    REQUIRE(db->execute("INSERT INTO t VALUES(1)"));
    REQUIRE(t->commit());
  }
  CHECK(number(*db, "SELECT count(*) FROM t") == 1);
}

TEST_CASE("a locked file is of nobody else, until it is closed") {
  const temp_dir dir;
  const auto path = dir.path() / "x.db";
  {
    auto mine = database::open(path);
    REQUIRE(mine);
    REQUIRE(mine->lock());
    auto other = database::open(path);
    REQUIRE(other);
    const auto refused = other->lock();
    REQUIRE(refused.has_error());
    CHECK(refused.error().is(errc::file_error));
    CHECK(refused.error().message == "'" + path.string() + "' is in use by another process");
  }
  auto other = database::open(path);
  REQUIRE(other);
  CHECK(other->lock());
}

TEST_CASE("errors name the file and what is wrong") {
  const temp_dir dir;
  const std::string text = dir.write("text.db", std::string(4096, 'x'));
  auto db = database::open(text);
  REQUIRE(db);
  const auto no_database = db->execute("SELECT * FROM sqlite_master");
  REQUIRE(no_database.has_error());
  CHECK(no_database.error().message == "'" + text + "' is not an SQLite database");

  auto memory = database::in_memory();
  REQUIRE(memory);
  const auto malformed = memory->execute("SELEC 1");
  REQUIRE(malformed.has_error());
  CHECK(malformed.error().message == "'a database in memory': near \"SELEC\": syntax error");
  const auto unknown = memory->prepare("SELECT * FROM none");
  REQUIRE(unknown.has_error());
  CHECK(unknown.error().message == "'a database in memory': no such table: none");

  const auto nowhere = database::open(dir.path() / "no" / "x.db");
  REQUIRE(nowhere.has_error());
  CHECK(nowhere.error().message == "cannot open '" + dir.file("no/x.db") + "': No such file or directory");
}
