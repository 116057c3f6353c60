#pragma once

#include <string>
#include <vector>

#include <corchestra/core/task_result.hpp>

#include "monitor/log_line.hpp"

namespace corchestra::detail {

/// The closing table: a row a task that ended, in order of submission. It keeps at most `max_rows`, and what did not
/// complete first.
class task_table {
 public:
  static constexpr std::size_t max_rows = 40;
  static constexpr std::size_t max_failures = 10;

  void add(const task_result& r, std::size_t index);

  std::vector<styled_line> lines(const glyphs& g, bool color, std::size_t max_columns) const;
  /// What went wrong, task by task, the first ten.
  std::vector<log_line> failures(const glyphs& g) const;

 private:
  struct row {
    std::size_t index = 0;
    std::string id, agent;
    task_state state{};
    bool started = false;
    duration took{};
    std::uint32_t attempts = 0;
    token_usage usage;
    std::string why;
  };
  std::vector<row> shown() const;

  std::vector<row> completed_, others_;
  std::size_t ended_ = 0, failed_ = 0;
};

}  // namespace corchestra::detail
