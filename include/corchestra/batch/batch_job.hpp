#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include <corchestra/async/awaitable.hpp>
#include <corchestra/base/logger.hpp>
#include <corchestra/batch/batch_input.hpp>
#include <corchestra/batch/batch_progress.hpp>
#include <corchestra/llm/api_client.hpp>

namespace corchestra::batch {

struct batch_options {
  std::filesystem::path input;
  /// Answers. Failures go beside it, to `NAME.errors.jsonl`; what was done so far is kept in `NAME.state.db`.
  std::filesystem::path output;
  request_options requests;
  std::string endpoint;                ///< of which resuming takes care that it is the same
  std::uint32_t concurrency = 64;      ///< calls at a time, at most
  bool ordered = false;                ///< results in input order
  std::optional<std::uint64_t> limit;  ///< only the first requests
  std::optional<std::uint64_t>
      sample;  ///< only so many of them, anywhere in the file; those of `limit` when both are given
  std::uint64_t sample_seed = 0;
  bool retry_failed = false;  ///< requests that failed in earlier runs are sent again
  /// What all runs together may spend: no call begins that might cost more than is left, whatever it answers.
  std::optional<llm::money> budget;
  bool allow_unpriced = false;                     ///< calls without a known price are made in spite of a budget
  std::shared_ptr<const llm::price_table> prices;  ///< null: none is known
  bool dry_run = false;                            ///< nothing is made or changed: for `batch_job::open` alone
  /// Now and then, and at the end; on the executor of `run`.
  std::function<void(const batch_progress&)> on_progress;
  duration progress_interval = std::chrono::milliseconds(200);
  corchestra::logger logger;
};

/// Why a batch's run ended.
enum class batch_end : std::uint8_t {
  finished,   ///< all that was wanted has ended
  drained,    ///< on request: what was in flight has ended
  cancelled,  ///< on request, at once
  budget,     ///< the rest might cost more than is left
  endpoint,   ///< it takes no calls: `why` says it
};

struct batch_result {
  batch_end end = batch_end::finished;
  std::optional<error> why;  ///< of `endpoint`
  batch_progress progress;
  bool reached = false;  ///< some call got a reply that was not a refusal of the key
  std::filesystem::path output, errors, state;
};

/// A batch of requests from a file, answered into files, that goes on where an earlier run was ended by whatever cause:
/// every request is answered once, and of those in flight at a crash alone some are sent again. Memory does not grow
/// with the input, but for two bits a request. Files are read and written on the executor. A handle; not thread-safe.
class batch_job {
 public:
  /// Reads and checks the whole input, or, when it is known from an earlier run, that it is still the same. Errors
  /// (nothing was sent, and nothing written but the state): `invalid_argument` with file and line; `file_error`;
  /// `invalid_config` for another input or other settings than those of the earlier run, by name, or a budget without
  /// prices.
  static result<batch_job> open(batch_options options);

  const batch_input& input() const noexcept;
  /// Of the requests that are left, in proportion to the whole.
  cost_estimate estimated_cost() const;
  /// Requests that this run would send.
  std::uint64_t left() const;
  bool resumed() const noexcept;
  batch_progress progress(time_point now) const;

  /// Sends what is left. Cancelling the awaiting coroutine ends it as `cancel` does. Errors: `file_error` when a result
  /// cannot be written.
  awaitable<result<batch_result>> run(std::shared_ptr<llm::api_client> client);
  /// Nothing new is sent. On the executor of `run`.
  void drain();
  /// What is in flight is given up as well.
  void cancel();

 private:
  struct impl;
  explicit batch_job(std::shared_ptr<impl> i) : impl_(std::move(i)) {}
  std::shared_ptr<impl> impl_;
};

}  // namespace corchestra::batch
