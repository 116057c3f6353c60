#pragma once

#include <string_view>
#include <vector>

#include <corchestra/core/run_metrics.hpp>

#include "monitor/log_line.hpp"

namespace corchestra::detail {

struct closing_facts {
  run_state state{};
  std::string_view manner;  ///< `Parallel` or `Sequential`
  std::string_view reason;  ///< why it ended as it did; empty when completed
  std::string_view output_folder;
  bool simulated = false;
  bool classic = false;  ///< the outcome in the predecessors' shape
};

/// The last lines of a run: what came of it, its speed-up against the bound, both efficiencies, tokens, files.
std::vector<log_line> closing_lines(const glyphs& g, const run_metrics& m, const closing_facts& about);

}  // namespace corchestra::detail
