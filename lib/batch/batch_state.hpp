#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>

#include <corchestra/batch/batch_input.hpp>

#include "batch/batch_totals.hpp"
#include "batch/line_states.hpp"
#include "store/sqlite.hpp"

namespace corchestra::batch {

/// How far a batch has come, in a file (SQLite): what it is of, what became of each request, how long the result files
/// were then. The result files are the truth: what they have beyond that is found again by reading their ends.
class batch_state {
 public:
  /// Makes the file, or takes up an earlier one; no other process can meanwhile. An empty path keeps it in memory.
  /// Errors: `file_error`, also for a file of another kind.
  static result<batch_state> open(const std::filesystem::path& path);

  /// What it is of; absent for a new one.
  const std::optional<batch_input>& input() const noexcept { return input_; }
  /// That decide what the answers mean, by name.
  const ordered_json& settings() const noexcept { return settings_; }
  /// Makes a new state into that of this batch.
  result<void> begin(batch_input input, ordered_json settings);

  line_states lines;
  batch_totals totals;
  std::int64_t output_bytes = 0, errors_bytes = 0;  ///< of the result files that `lines` tells of
  std::int64_t ahead_bytes = 0;                     ///< of results that wait for their turn, and that `totals` has
  llm::money at_stake;  ///< with a budget: the most that calls cost that were under way when the process ended

  /// All of it, or nothing.
  result<void> save();

 private:
  explicit batch_state(store::database db) : db_(std::move(db)) {}
  result<void> load();
  result<std::optional<json>> value(std::string_view key);
  result<void> put(std::string_view key, const ordered_json& value);

  store::database db_;
  std::optional<batch_input> input_;
  ordered_json settings_;
};

}  // namespace corchestra::batch
