#include "batch/id_check.hpp"

namespace corchestra::batch {

result<id_check> id_check::create() {
  auto db = store::database::open({});
  if (db.has_error()) return db.error();
  auto made = db->execute(
      "PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF; PRAGMA cache_size = -2048; PRAGMA temp_store = FILE;"
      "CREATE TABLE ids(id TEXT NOT NULL, line INTEGER NOT NULL)");
  if (made.has_error()) return made.error();
  auto add = db->prepare("INSERT INTO ids VALUES(?1, ?2)");
  if (add.has_error()) return add.error();
  // One transaction from here on, never committed: the database goes away with this object.
  if (auto begun = db->execute("BEGIN"); begun.has_error()) return begun.error();
  return id_check(std::move(*db), std::move(*add));
}

result<void> id_check::add(std::string_view id, std::uint64_t line) {
  return add_.bind(1, id).bind(2, static_cast<std::int64_t>(line)).run();
}

result<std::optional<id_check::duplicate>> id_check::find() {
  auto query = db_.prepare(
      "SELECT id, min(line), max(line) FROM ids GROUP BY id HAVING count(*) > 1 ORDER BY max(line) LIMIT 1");
  if (query.has_error()) return query.error();
  const auto found = query->step();
  if (found.has_error()) return found.error();
  if (!*found) return std::optional<duplicate>();
  return std::optional(duplicate{std::string(query->bytes(0)), static_cast<std::uint64_t>(query->integer(1)),
                                 static_cast<std::uint64_t>(query->integer(2))});
}

}  // namespace corchestra::batch
