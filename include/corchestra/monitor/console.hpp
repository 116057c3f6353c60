#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include <corchestra/core/duration_book.hpp>
#include <corchestra/core/event.hpp>
#include <corchestra/core/run_metrics.hpp>

namespace corchestra {

enum class console_style : std::uint8_t {
  standard,
  /// The predecessors' log lines, exactly: `Starting parallel execution of N agents: [...]`, `Agent X completed (i/N) in
  /// S.SSs`, `agent: error`, `Parallel execution completed in S.SSs: k/N succeeded, f failed`, `Estimated speedup: ...`.
  /// No line at an attempt's start, no table; whatever did not succeed counts as failed.
  classic,
};

struct console_options {
  std::function<void(std::string_view)> write;  ///< receives bytes for the terminal or log
  bool live = false;                            ///< a terminal: bars that are redrawn; otherwise plain lines
  bool color = false;
  bool ascii = false;    ///< no emoji, no block characters
  bool quiet = false;    ///< only failures and the final line; no bars
  unsigned width = 100;  ///< of the terminal, in columns
  unsigned height = 30;
  bool simulated = false;  ///< announces the simulated model
  console_style style = console_style::standard;
  std::shared_ptr<const duration_book> durations;  ///< what earlier runs took, for the ETA; may be null
};

/// Shows a run to people. Feed it every event in order and call `tick` about ten times a second when `live`: only a
/// tick redraws, so its cost does not depend on the number of events. Pure: time comes with events and ticks.
///
/// The ETA is a `forecast`: unknown before three tasks have finished, then with the time that is enough nine times out of
/// ten.
class console {
 public:
  explicit console(console_options options);
  ~console();  ///< erases the bars
  void operator()(const event& e);
  void tick(time_point now);
  /// The terminal's size changed.
  void resize(unsigned width, unsigned height);
  /// Erases the bars and prints the closing table, the speed-up and where the files are (`output_folder` may be empty),
  /// and then `notes`, each a line; the classic style leaves them out.
  void finish(const run_metrics& metrics, run_state state, std::string_view output_folder,
              const std::vector<std::string>& notes = {});

 private:
  struct impl;
  std::unique_ptr<impl> impl_;
};

}  // namespace corchestra
