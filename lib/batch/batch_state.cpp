#include "batch/batch_state.hpp"

#include <corchestra/base/text.hpp>

namespace corchestra::batch {

namespace {

constexpr std::int64_t format = 2;

ordered_json input_json(const batch_input& input) {
  ordered_json models = ordered_json::object();
  for (const auto& [name, m] : input.models)
    models[name] = {{"requests", m.requests},
                    {"bytes", m.bytes},
                    {"max_tokens", m.max_tokens},
                    {"unbounded", m.unbounded},
                    {"bound_usd", m.bound.to_text()}};
  return {{"requests", input.requests}, {"xxh128", input.xxh128}, {"path", input.path}, {"models", std::move(models)}};
}

// Of our own making, in a file that SQLite has checked: a wrong type is a damaged file.
std::optional<batch_input> input_from(const json& value) {
  try {
    batch_input input;
    input.requests = value.at("requests").get<std::uint64_t>();
    input.xxh128 = value.at("xxh128").get<std::string>();
    input.path = value.at("path").get<std::string>();
    for (const auto& [name, m] : value.at("models").items())
      input.models[name] = {m.at("requests").get<std::uint64_t>(), m.at("bytes").get<std::uint64_t>(),
                            m.at("max_tokens").get<std::int64_t>(), m.at("unbounded").get<std::uint64_t>(),
                            llm::money::parse(m.at("bound_usd").get<std::string>()).value_or(llm::money())};
    return input;
  } catch (const json::exception&) {
    return std::nullopt;
  }
}

error damaged(std::string_view part) { return fail(errc::file_error, concat("it is damaged: its ", part)); }

// Nothing known of the file is safe: all of it is read again.
std::int64_t bytes_of(const json& progress, const char* name) {
  const auto n = progress.find(name);
  return n != progress.end() && n->is_number_unsigned() ? n->get<std::int64_t>() : 0;
}

}  // namespace

result<batch_state> batch_state::open(const std::filesystem::path& path) {
  auto db = path.empty() ? store::database::in_memory() : store::database::open(path);
  if (db.has_error()) return db.error();
  if (auto locked = db->lock(); locked.has_error()) return locked.error();
  auto made = db->execute(
      "PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL;"
      "CREATE TABLE IF NOT EXISTS about(key TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;"
      "CREATE TABLE IF NOT EXISTS chunks(number INTEGER PRIMARY KEY, lines BLOB NOT NULL)");
  if (made.has_error()) return made.error();
  batch_state state(std::move(*db));
  if (auto loaded = state.load(); loaded.has_error())
    return in_place(loaded.error(), path.empty() ? "the state" : path.string());
  return state;
}

result<std::optional<json>> batch_state::value(std::string_view key) {
  auto query = db_.prepare("SELECT value FROM about WHERE key = ?1");
  if (query.has_error()) return query.error();
  query->bind(1, key);
  const auto any = query->step();
  if (any.has_error()) return any.error();
  if (!*any) return std::optional<json>();
  auto parsed = parse_json(query->bytes(0));
  if (parsed.has_error()) return damaged(key);
  return std::optional<json>(std::move(*parsed));
}

result<void> batch_state::put(std::string_view key, const ordered_json& value) {
  auto insert = db_.prepare("INSERT OR REPLACE INTO about VALUES(?1, ?2)");
  if (insert.has_error()) return insert.error();
  return insert->bind(1, key).bind(2, dump_json(value)).run();
}

result<void> batch_state::load() {
  const auto version = value("format");
  if (version.has_error()) return version.error();
  if (!*version) return {};
  if (**version != format)
    return fail(errc::file_error, concat("it was made by another version of corchestra (its format is ",
                                         dump_json(**version), ", expected ", format, ")"));
  const auto about = value("input"), settings = value("settings"), progress = value("progress");
  for (const auto* part : {&about, &settings, &progress}) {
    if (part->has_error()) return part->error();
    if (!**part) return fail(errc::file_error, "it is incomplete");
  }
  input_ = input_from(**about);
  if (!input_) return damaged("input");
  if (!(**settings).is_object()) return damaged("settings");
  if (!(**progress).is_object()) return damaged("progress");
  settings_ = ordered_json::parse(dump_json(**settings), nullptr, false);
  lines = line_states(input_->requests);
  totals = totals_from((**progress).value("totals", json()));
  output_bytes = bytes_of(**progress, "output_bytes");
  errors_bytes = bytes_of(**progress, "errors_bytes");
  ahead_bytes = bytes_of(**progress, "ahead_bytes");
  if (const auto stake = (**progress).find("at_stake_usd"); stake != (**progress).end()) {
    const auto amount = stake->is_string() ? llm::money::parse(stake->get_ref<const std::string&>()) : std::nullopt;
    if (!amount) return damaged("progress");
    at_stake = *amount;
  }
  auto query = db_.prepare("SELECT number, lines FROM chunks");
  if (query.has_error()) return query.error();
  for (;;) {
    const auto any = query->step();
    if (any.has_error()) return any.error();
    if (!*any) return {};
    if (!lines.load_chunk(static_cast<std::uint64_t>(query->integer(0)), query->bytes(1))) return damaged("lines");
  }
}

result<void> batch_state::begin(batch_input input, ordered_json settings) {
  auto begun = store::transaction::begin(db_);
  if (begun.has_error()) return begun.error();
  for (const auto& [key, value] : {std::pair<const char*, ordered_json>{"format", format},
                                   {"input", input_json(input)},
                                   {"settings", settings},
                                   {"progress", ordered_json::object()}}) {
    if (auto done = put(key, value); done.has_error()) return done.error();
  }
  if (auto done = begun->commit(); done.has_error()) return done.error();
  lines = line_states(input.requests);
  input_ = std::move(input);
  settings_ = std::move(settings);
  return {};
}

result<void> batch_state::save() {
  auto begun = store::transaction::begin(db_);
  if (begun.has_error()) return begun.error();
  auto insert = db_.prepare("INSERT OR REPLACE INTO chunks VALUES(?1, ?2)");
  if (insert.has_error()) return insert.error();
  const auto changed = lines.take_changed();
  for (const std::uint64_t number : changed) {
    insert->bind(1, static_cast<std::int64_t>(number)).bind_blob(2, lines.chunk(number));
    if (auto done = insert->run(); done.has_error()) return done.error();
  }
  const ordered_json progress = {{"totals", batch::to_json_value(totals)},
                                 {"output_bytes", output_bytes},
                                 {"errors_bytes", errors_bytes},
                                 {"ahead_bytes", ahead_bytes},
                                 {"at_stake_usd", at_stake.to_text()}};
  if (auto done = put("progress", progress); done.has_error()) return done.error();
  return begun->commit();
}

}  // namespace corchestra::batch
