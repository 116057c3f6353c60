#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include <corchestra/batch/batch_job.hpp>

namespace corchestra::batch {

struct batch_console_options {
  std::function<void(std::string_view)> write;  ///< receives bytes for the terminal or log
  bool live = false;                            ///< a terminal: a few lines that are redrawn; otherwise plain lines
  bool color = false;
  bool ascii = false;                                  ///< no block characters
  bool quiet = false;                                  ///< only the closing report
  unsigned width = 100;                                ///< of the terminal, in columns
  duration plain_interval = std::chrono::seconds(10);  ///< between two plain lines, at least
};

/// Shows a batch to people: what is done and failed and why, rates beside their limits, tokens, costs so far and at the
/// end, the time left. Pure: times come with the progress.
class batch_console {
 public:
  explicit batch_console(batch_console_options options);
  ~batch_console();  ///< erases what was live
  void operator()(const batch_progress& p);
  void resize(unsigned width);
  /// A line of another's, above what is live.
  void say(std::string_view line);
  /// The closing report.
  void finish(const batch_result& r);

 private:
  struct impl;
  std::unique_ptr<impl> impl_;
};

}  // namespace corchestra::batch
