#pragma once

#include <cstdio>
#include <functional>
#include <memory>
#include <string>

#include <corchestra/core/event.hpp>
#include <corchestra/core/run_metrics.hpp>

namespace corchestra {

struct console_options {
  std::function<void(std::string_view)> write;  ///< receives bytes for the terminal or log
  bool live = false;     ///< a terminal: bars that are redrawn; otherwise plain lines
  bool color = false;
  bool ascii = false;    ///< no emoji, no block characters
  bool quiet = false;    ///< only failures and the final line
  unsigned width = 100;  ///< of the terminal
  unsigned height = 30;
  bool simulated = false;  ///< announces the simulated model
};

/// Shows a run to people. Feed it every event in order; call `tick` about ten times a second when `live`. Pure: time comes
/// with events and ticks. Its lines are the predecessors' (features B21-B25).
class console {
 public:
  explicit console(console_options options);
  ~console();
  void operator()(const event& e);
  void tick(time_point now);
  /// The closing table with the speed-up; erases the bars.
  void finish(const run_metrics& metrics, run_state state, std::string_view output_folder);

 private:
  struct impl;
  std::unique_ptr<impl> impl_;
};

}  // namespace corchestra
