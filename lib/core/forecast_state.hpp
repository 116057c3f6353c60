#pragma once

#include <string>
#include <unordered_map>
#include <vector>

#include <corchestra/core/forecast.hpp>

#include "core/name_table.hpp"
#include "core/task_blocks.hpp"

namespace corchestra::detail {

/// What a forecast knows of a run.
struct forecast_state {
  /// That has not ended.
  struct task {
    std::vector<task_index> needs;
    time_point since{}, retry_at{};
    duration worked{};  // in this attempt and the iterations before it, up to `since`
    duration kept{};    // of iterations that completed
    optional_duration expected;
    std::uint32_t kind = 0;
    bool begun = false, in_attempt = false, working = false, waits_for_child = false;
  };
  /// Of samples in seconds: Welford's sums.
  struct spread {
    std::uint64_t samples = 0;
    double mean = 0, squares = 0;

    void add(double seconds) {
      const double off = seconds - mean;
      mean += off / static_cast<double>(++samples);
      squares += off * (seconds - mean);
    }
    double variance() const { return samples > 1 ? squares / static_cast<double>(samples - 1) : 0; }
  };
  struct kind {
    std::string task_type, agent;
    spread finished;  // in this run
    std::size_t tasks = 0, ended = 0;  // without an expected duration of their own
  };

  std::shared_ptr<const duration_book> before;  // never null
  duration_book book;                           // with what this run adds
  std::size_t slots = 1;
  spread finished;  // of all kinds, in this run
  name_table types, agents;
  std::vector<kind> kinds;
  std::unordered_map<std::uint64_t, std::uint32_t> kind_index;  // by the numbers of type and agent
  task_blocks<task> tasks;
  std::unordered_map<task_index, std::vector<task_index>> children;
  std::unordered_map<task_index, double> progress;  // of attempts under way that have told some
  double given = 0, given_ended = 0;                // seconds of tasks that say what they take
};

std::optional<eta> estimate(const forecast_state& run, time_point now);

}  // namespace corchestra::detail
