#pragma once

#include <filesystem>
#include <memory>
#include <optional>
#include <string>

#include <corchestra/base/json.hpp>
#include <corchestra/base/logger.hpp>
#include <corchestra/base/secret.hpp>
#include <corchestra/core/task_result.hpp>

#include "store/folder_lock.hpp"
#include "store/line_file.hpp"

namespace corchestra {

/// A run's folder: results.jsonl and events.jsonl grow as facts happen, the rest is written whole. Every byte passes
/// the redactor. A file that cannot be written is remembered and logged.
class output_folder {
 public:
  /// Error (`file_error`): the folder cannot be made or written to, another run writes to it, or it holds something and
  /// `force` is not given.
  static result<output_folder> open(std::filesystem::path path, bool force, redactor redact, logger log);

  /// The run begins: the files that an earlier run left are removed, and no others. Until then they stay, and what is
  /// added lies under other names.
  void begin();

  void add_event(const ordered_json& record);
  void add_result(const ordered_json& record);
  /// outputs/ID.txt for text, outputs/ID.json for any other value.
  void write_output(const task_result& r);
  void write(std::string_view name, std::string_view content);

  /// Before `begin`: takes back what was made, as nothing was run.
  void discard();

  const std::filesystem::path& path() const noexcept { return path_; }
  const std::optional<error>& failure() const noexcept { return failure_; }
  /// Results that results.jsonl does not have.
  std::size_t lost_results() const noexcept { return lost_results_; }

 private:
  output_folder() = default;
  void note(const result<void>& outcome);

  std::filesystem::path path_;
  bool made_ = false;  // the folder itself is ours
  folder_lock lock_;
  line_file events_, results_;
  redactor redact_;
  logger log_;
  std::optional<error> failure_;
  std::size_t lost_results_ = 0;
};

}  // namespace corchestra
