#pragma once

#include <memory>
#include <optional>
#include <set>
#include <string>

#include <corchestra/async/scope.hpp>
#include <corchestra/async/semaphore.hpp>
#include <corchestra/async/time_service.hpp>
#include <corchestra/llm/usage_watch.hpp>

#include "batch/opened_batch.hpp"
#include "batch/rate_meter.hpp"
#include "batch/request_source.hpp"
#include "batch/spending.hpp"

namespace corchestra::batch {

/// Of a batch that does not run.
batch_progress progress_of(const batch_state& state, const batch_options& options, const wanted_count& wanted);

/// One run of a batch: workers that each take the next request, send it, and put its result into the files. On one
/// executor.
class batch_run : public std::enable_shared_from_this<batch_run> {
 public:
  batch_run(any_io_executor executor, std::shared_ptr<llm::api_client> client, const batch_options& options,
            opened_batch& batch, wanted_count wanted);

  awaitable<result<batch_result>> run();
  /// Nothing new is sent; the first cause counts.
  void stop(batch_end why);
  void cancel();
  batch_progress progress(time_point now) const;

 private:
  /// In input order so many requests may be on their way or wait for an earlier one.
  static constexpr std::size_t window = 16'384;

  static awaitable<void> work(std::shared_ptr<batch_run> self);
  static awaitable<void> tick(std::shared_ptr<batch_run> self);

  static awaitable<result<batch_result>> run(std::shared_ptr<batch_run> self);
  static awaitable<void> wait(std::shared_ptr<batch_run> self, awaitable<void> until_it_may_go_out);
  static awaitable<void> take_place(std::shared_ptr<batch_run> self, semaphore::permit& to);

  enum class next_step { end, look_again, send };
  next_step take(semaphore::permit place, request_line& to);
  llm::api_request request_for(const request_line& line);
  void ended(const request_line& line, const llm::api_reply& reply);
  void record(const request_line& line, const llm::api_reply& reply);
  std::optional<error> before_retry(const request_line& line, int status, const error& why,
                                    const llm::billed_call& billed);
  void note_reached(int status, const error* why);
  bool is_in_vain(int status);
  void give_up_on_endpoint(const error& why);
  bool is_endpoints_fault(const request_line& line, const error& e, int status);
  void watch_usage(const llm::api_reply& reply);
  void note_stake();
  void save(const llm::money& at_stake);
  void flush_soon();
  void flush();
  void broken(error e);
  void report(time_point now) const;
  time_point now() const;

  any_io_executor executor_;
  time_service& time_;
  std::shared_ptr<llm::api_client> client_;
  const batch_options& options_;
  opened_batch& batch_;
  wanted_count wanted_;
  request_source source_;
  spending spending_;
  rate_meter rates_;
  semaphore places_{window};
  std::optional<scope> workers_;
  std::set<scope*> waits_;  // for what may not go out yet

  time_point began_{};
  std::optional<batch_end> stopped_;
  bool flush_posted_ = false, reached_ = false, answered_ = false, over_ = false;
  std::optional<error> why_, failure_;
  std::set<std::uint64_t> over_budget_;  // requests whose next try might cost more than is left
  std::string last_model_;
  std::uint64_t ended_ = 0, in_flight_ = 0, in_vain_ = 0;
  llm::money spent_before_;
  llm::usage_watch usage_;
};

}  // namespace corchestra::batch
