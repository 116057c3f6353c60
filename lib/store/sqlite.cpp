#include "store/sqlite.hpp"

#include <sqlite3.h>

#include <corchestra/base/text.hpp>

#include "store/line_file.hpp"

namespace corchestra::store {

namespace {

error sqlite_failure(sqlite3* db, std::string_view name) {
  const int code = db == nullptr ? SQLITE_NOMEM : sqlite3_errcode(db);
  if (code == SQLITE_BUSY || code == SQLITE_LOCKED)
    return fail(errc::file_error, concat(quote(name, 300), " is in use by another process"));
  if (code == SQLITE_NOTADB) return fail(errc::file_error, concat(quote(name, 300), " is not an SQLite database"));
  if (const int why = code == SQLITE_CANTOPEN ? sqlite3_system_errno(db) : 0; why != 0)
    return file_failure("open", name, why);
  return fail(errc::file_error,
              concat(quote(name, 300), ": ", db == nullptr ? "out of memory" : one_line(sqlite3_errmsg(db), 300)));
}

}  // namespace

void statement::finalizer::operator()(sqlite3_stmt* s) const noexcept { sqlite3_finalize(s); }
void database::closer::operator()(sqlite3* db) const noexcept { sqlite3_close(db); }

statement& statement::bind(int parameter, std::int64_t value) {
  sqlite3_bind_int64(statement_.get(), parameter, value);
  return *this;
}

statement& statement::bind(int parameter, std::string_view text) {
  sqlite3_bind_text64(statement_.get(), parameter, text.data(), text.size(), SQLITE_TRANSIENT, SQLITE_UTF8);
  return *this;
}

statement& statement::bind_blob(int parameter, std::string_view bytes) {
  sqlite3_bind_blob64(statement_.get(), parameter, bytes.data(), bytes.size(), SQLITE_TRANSIENT);
  return *this;
}

result<bool> statement::step() {
  const int code = sqlite3_step(statement_.get());
  if (code == SQLITE_ROW) return true;
  if (code == SQLITE_DONE) {
    reset();
    return false;
  }
  error e = sqlite_failure(db_, name_);
  reset();
  return e;
}

result<void> statement::run() {
  const auto row = step();
  if (row.has_error()) return row.error();
  if (*row) reset();
  return {};
}

void statement::reset() { sqlite3_reset(statement_.get()); }

std::int64_t statement::integer(int column) const { return sqlite3_column_int64(statement_.get(), column); }

std::string_view statement::bytes(int column) const {
  const void* data = sqlite3_column_blob(statement_.get(), column);
  return {static_cast<const char*>(data), static_cast<std::size_t>(sqlite3_column_bytes(statement_.get(), column))};
}

result<database> database::open_as(const std::string& file, std::string name) {
  sqlite3* db = nullptr;
  const int code =
      sqlite3_open_v2(file.c_str(), &db, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX, nullptr);
  database opened(db, std::move(name));
  if (code != SQLITE_OK) return sqlite_failure(db, opened.name_);
  sqlite3_extended_result_codes(db, 0);
  return opened;
}

result<database> database::open(const std::filesystem::path& path) {
  return open_as(path.string(), path.string());
}

result<database> database::in_memory() { return open_as(":memory:", "a database in memory"); }

result<void> database::execute(const char* sql) {
  if (sqlite3_exec(db_.get(), sql, nullptr, nullptr, nullptr) != SQLITE_OK) return sqlite_failure(db_.get(), name_);
  return {};
}

result<statement> database::prepare(std::string_view sql) {
  sqlite3_stmt* s = nullptr;
  if (sqlite3_prepare_v3(db_.get(), sql.data(), static_cast<int>(sql.size()), SQLITE_PREPARE_PERSISTENT, &s, nullptr) !=
      SQLITE_OK)
    return sqlite_failure(db_.get(), name_);
  return statement(db_.get(), s, name_);
}

result<void> database::lock() {
  // The mode alone takes the lock with the next write only.
  return execute("PRAGMA locking_mode = EXCLUSIVE; BEGIN EXCLUSIVE; COMMIT;");
}

result<transaction> transaction::begin(database& db) {
  const auto begun = db.execute("BEGIN IMMEDIATE");
  if (begun.has_error()) return begun.error();
  return transaction(db);
}

transaction::~transaction() {
  if (db_ != nullptr) static_cast<void>(db_->execute("ROLLBACK"));
}

result<void> transaction::commit() {
  auto done = db_->execute("COMMIT");
  if (done.has_value()) db_ = nullptr;
  return done;
}

}  // namespace corchestra::store
