#pragma once

#include <filesystem>
#include <map>
#include <mutex>
#include <optional>
#include <string>

#include <corchestra/base/json.hpp>
#include <corchestra/base/logger.hpp>

namespace corchestra::detail {

/// Validated answers by key, in memory and, where a folder is given, one file each. What cannot be read or written is
/// as if it were not there: a cache must not fail an analysis. Thread-safe.
class analysis_cache {
 public:
  analysis_cache(std::filesystem::path folder, logger log) : folder_(std::move(folder)), logger_(std::move(log)) {}

  std::optional<json> find(const std::string& key);
  void store(const std::string& key, const json& answer);

 private:
  std::filesystem::path file_of(const std::string& key) const { return folder_ / (key + ".json"); }
  std::optional<json> read(const std::string& key) const;
  void write(const std::string& key, const json& answer) const;

  std::filesystem::path folder_;
  logger logger_;
  std::mutex mutex_;
  std::map<std::string, json> answers_;
};

}  // namespace corchestra::detail
