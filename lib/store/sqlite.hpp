#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include <corchestra/base/error.hpp>

struct sqlite3;
struct sqlite3_stmt;

namespace corchestra::store {

/// A prepared statement. Parameters count from 1, columns from 0. Ends before its database.
class statement {
 public:
  statement& bind(int parameter, std::int64_t value);
  statement& bind(int parameter, std::string_view text);
  statement& bind_blob(int parameter, std::string_view bytes);

  /// Whether there is a row. After the last one, or an error, it can be bound and stepped anew.
  result<bool> step();
  /// For statements without rows.
  result<void> run();
  /// Before the last row was read: to begin anew.
  void reset();

  std::int64_t integer(int column) const;
  /// Text or blob; valid until the next step.
  std::string_view bytes(int column) const;

 private:
  friend class database;
  struct finalizer {
    void operator()(sqlite3_stmt* s) const noexcept;
  };
  statement(sqlite3* db, sqlite3_stmt* s, std::string name) : db_(db), statement_(s), name_(std::move(name)) {}

  sqlite3* db_;
  std::unique_ptr<sqlite3_stmt, finalizer> statement_;
  std::string name_;
};

/// An SQLite database of one thread. Errors are `file_error` and name the file.
class database {
 public:
  /// Makes the file unless it is there.
  static result<database> open(const std::filesystem::path& path);
  /// In memory only.
  static result<database> in_memory();

  result<void> execute(const char* sql);
  result<statement> prepare(std::string_view sql);
  /// Keeps the file to this process until it is closed. Error: `file_error`, another process has it.
  result<void> lock();

 private:
  struct closer {
    void operator()(sqlite3* db) const noexcept;
  };
  static result<database> open_as(const std::string& file, std::string name);
  database(sqlite3* db, std::string name) : db_(db), name_(std::move(name)) {}

  std::unique_ptr<sqlite3, closer> db_;
  std::string name_;
};

/// All or nothing: rolled back unless committed.
class transaction {
 public:
  static result<transaction> begin(database& db);
  transaction(transaction&& o) noexcept : db_(std::exchange(o.db_, nullptr)) {}
  ~transaction();
  result<void> commit();

 private:
  explicit transaction(database& db) : db_(&db) {}
  database* db_;
};

}  // namespace corchestra::store
