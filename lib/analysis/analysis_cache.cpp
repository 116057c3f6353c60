#include "analysis/analysis_cache.hpp"

#include <fstream>
#include <iterator>
#include <system_error>

#include <corchestra/base/ids.hpp>
#include <corchestra/base/text.hpp>

namespace corchestra::detail {

namespace {
namespace fs = std::filesystem;
constexpr std::string_view source = "analysis";
constexpr json_limits file_limits{.max_bytes = 16u << 20, .max_depth = 16};
}  // namespace

std::optional<json> analysis_cache::find(const std::string& key) {
  const std::lock_guard lock(mutex_);
  if (const auto it = answers_.find(key); it != answers_.end()) return it->second;
  auto answer = read(key);
  if (answer) answers_.emplace(key, *answer);
  return answer;
}

void analysis_cache::store(const std::string& key, const json& answer) {
  const std::lock_guard lock(mutex_);
  answers_.insert_or_assign(key, answer);
  if (!folder_.empty()) write(key, answer);
}

std::optional<json> analysis_cache::read(const std::string& key) const {
  if (folder_.empty()) return std::nullopt;
  const fs::path path = file_of(key);
  std::error_code ec;
  const auto size = fs::file_size(path, ec);
  if (ec) return std::nullopt;
  const auto ignore = [&](std::string_view why) {
    logger_.warn(source, concat("ignoring the cached analysis ", quote(path.native(), 300), ": ", why));
    return std::nullopt;
  };
  if (size > file_limits.max_bytes) return ignore("it is too large");
  std::ifstream in(path, std::ios::binary);
  const std::string text{std::istreambuf_iterator<char>(in), {}};
  auto record = parse_json(text, file_limits);
  if (!record) return ignore(one_line(record.error().message, 200));
  if (!record->is_object() || record->value("key", json()) != key || !record->contains("answer"))
    return ignore("it is no record of this key");
  return std::move((*record)["answer"]);
}

void analysis_cache::write(const std::string& key, const json& answer) const {
  std::error_code ec;
  fs::create_directories(folder_, ec);
  const fs::path temporary = folder_ / concat(".", new_run_id(), ".tmp");
  bool written = false;
  {
    std::ofstream out(temporary, std::ios::binary);
    out << dump_json(json{{"key", key}, {"answer", answer}}, 2) << '\n';
    out.close();
    written = !out.fail();
  }
  if (written) fs::rename(temporary, file_of(key), ec);
  if (written && !ec) return;
  logger_.warn(source, concat("cannot keep the analysis in ", quote(folder_.native(), 300)));
  fs::remove(temporary, ec);
}

}  // namespace corchestra::detail
