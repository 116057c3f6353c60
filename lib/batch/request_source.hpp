#pragma once

#include <deque>
#include <memory>

#include <corchestra/batch/batch_job.hpp>

#include "batch/line_states.hpp"
#include "batch/request_line.hpp"
#include "batch/selection.hpp"

namespace corchestra::batch {

/// The requests of a batch that are wanted and pending, in the order of its file.
class request_source {
 public:
  request_source(const batch_options& options, request_maker maker, std::uint64_t requests);

  enum class found { none, fresh, put_back };
  /// Into `to`. Errors: `file_error`, the file has changed meanwhile.
  result<found> next(const line_states& states, request_line& to);
  /// It comes again before the others.
  void put_back(request_line line) { put_back_.push_back(std::move(line)); }

 private:
  error changed() const;

  const batch_options& options_;
  request_maker maker_;
  selection wanted_;
  std::unique_ptr<record_reader> records_;
  std::deque<request_line> put_back_;
};

/// Those that are wanted, and of them those that are pending.
struct wanted_count {
  std::uint64_t wanted = 0, pending = 0;
};
wanted_count count_wanted(const batch_options& options, const line_states& states);

}  // namespace corchestra::batch
