#pragma once

#include <optional>

#include <corchestra/batch/batch_job.hpp>

#include "batch/batch_state.hpp"
#include "batch/request_line.hpp"
#include "batch/result_files.hpp"

namespace corchestra::batch {

/// A batch whose input is checked and whose files are open.
struct opened_batch {
  batch_state state;
  std::optional<result_files> files;  ///< none in a dry run
  request_maker maker;
  bool resumed = false;
};

/// As batch_job::open.
result<opened_batch> open_batch(const batch_options& options, const result_files::paths& paths);

}  // namespace corchestra::batch
