#pragma once

#include <functional>
#include <memory>
#include <string_view>

#include <corchestra/core/event.hpp>
#include <corchestra/core/run_metrics.hpp>

namespace corchestra {

struct console_options {
  std::function<void(std::string_view)> write;  ///< receives bytes for the terminal or log
  bool live = false;                            ///< a terminal: bars that are redrawn; otherwise plain lines
  bool color = false;
  bool ascii = false;    ///< no emoji, no block characters
  bool quiet = false;    ///< only failures and the final line; no bars
  unsigned width = 100;  ///< of the terminal, in columns
  unsigned height = 30;
  bool simulated = false;  ///< announces the simulated model
};

/// Shows a run to people. Feed it every event in order and call `tick` about ten times a second when `live`: only a
/// tick redraws, so its cost does not depend on the number of events. Pure: time comes with events and ticks.
///
/// The ETA is unknown before three tasks have finished. Then every task that does not run is taken to last the mean of
/// its task type so far, a running one what that mean leaves of it, and the sum is spread over the slots; dependencies
/// are not looked at.
class console {
 public:
  explicit console(console_options options);
  ~console();  ///< erases the bars
  void operator()(const event& e);
  void tick(time_point now);
  /// The terminal's size changed.
  void resize(unsigned width, unsigned height);
  /// Erases the bars and prints the closing table, the speed-up and where the files are. `output_folder` may be empty.
  void finish(const run_metrics& metrics, run_state state, std::string_view output_folder);

 private:
  struct impl;
  std::unique_ptr<impl> impl_;
};

}  // namespace corchestra
