#include "store/reply_store.hpp"

#include <algorithm>

namespace corchestra::store {

reply_store::reply_store(reply_store&& o) noexcept : db_(std::move(o.db_)), max_bytes_(o.max_bytes_) {}

result<reply_store> reply_store::open(const std::filesystem::path& file, std::uint64_t max_bytes) {
  auto db = database::open(file);
  if (db.has_error()) return db.error();
  auto made = db->execute(
      "PRAGMA busy_timeout = 2000; PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL;"
      "CREATE TABLE IF NOT EXISTS replies(key TEXT PRIMARY KEY, value BLOB NOT NULL, used INTEGER NOT NULL) WITHOUT "
      "ROWID;"
      "CREATE INDEX IF NOT EXISTS by_use ON replies(used);"
      "CREATE TABLE IF NOT EXISTS size(id INTEGER PRIMARY KEY CHECK (id = 0), bytes INTEGER NOT NULL, uses INTEGER NOT "
      "NULL);"
      "INSERT OR IGNORE INTO size VALUES(0, 0, 0)");
  if (made.has_error()) return made.error();
  return reply_store(std::move(*db), max_bytes);
}

result<std::optional<std::string>> reply_store::find(std::string_view key) {
  std::lock_guard lock(mutex_);
  std::optional<std::string> found;
  {
    auto query = db_.prepare("SELECT value FROM replies WHERE key = ?1");
    if (query.has_error()) return query.error();
    query->bind(1, key);
    const auto any = query->step();
    if (any.has_error()) return any.error();
    if (*any) found = query->bytes(0);
  }
  if (!found) return found;
  for (const char* sql :
       {"UPDATE size SET uses = uses + 1", "UPDATE replies SET used = (SELECT uses FROM size) WHERE key = ?1"}) {
    auto touch = db_.prepare(sql);
    if (touch.has_error()) return touch.error();
    touch->bind(1, key);
    if (auto done = touch->run(); done.has_error()) return done.error();
  }
  return found;
}

result<void> reply_store::make_room(std::uint64_t bytes) {
  auto query = db_.prepare("SELECT bytes FROM size");
  if (query.has_error()) return query.error();
  const auto any = query->step();
  if (any.has_error()) return any.error();
  auto used = *any ? static_cast<std::uint64_t>(query->integer(0)) : 0;
  query->reset();
  while (used > 0 && used + bytes > max_bytes_) {
    auto oldest = db_.prepare(
        "DELETE FROM replies WHERE key = (SELECT key FROM replies ORDER BY used LIMIT 1) RETURNING length(value)");
    if (oldest.has_error()) return oldest.error();
    const auto gone = oldest->step();
    if (gone.has_error()) return gone.error();
    if (!*gone) break;
    used -= std::min(used, static_cast<std::uint64_t>(oldest->integer(0)));
    oldest->reset();
  }
  auto keep = db_.prepare("UPDATE size SET bytes = ?1, uses = uses + 1");
  if (keep.has_error()) return keep.error();
  return keep->bind(1, static_cast<std::int64_t>(used + bytes)).run();
}

result<void> reply_store::put(std::string_view key, std::string_view value) {
  if (value.size() > max_bytes_) return {};
  std::lock_guard lock(mutex_);
  auto begun = transaction::begin(db_);
  if (begun.has_error()) return begun.error();
  {
    auto known = db_.prepare("SELECT 1 FROM replies WHERE key = ?1");
    if (known.has_error()) return known.error();
    known->bind(1, key);
    const auto any = known->step();
    if (any.has_error()) return any.error();
    if (*any) return {};  // another was as fast
  }
  if (auto room = make_room(value.size()); room.has_error()) return room;
  auto insert = db_.prepare("INSERT INTO replies VALUES(?1, ?2, (SELECT uses FROM size))");
  if (insert.has_error()) return insert.error();
  if (auto done = insert->bind(1, key).bind_blob(2, value).run(); done.has_error()) return done;
  return begun->commit();
}

}  // namespace corchestra::store
