#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <corchestra/runtime/agent.hpp>

namespace corchestra::testing {

/// What one attempt of a scripted agent does.
struct scripted_step {
  duration takes{};                                  ///< slept, in the context's time
  std::optional<error> fails;                        ///< else it succeeds with `output`
  json output = nullptr;
  bool ignores_cancellation = false;
  int progress_reports = 0;                          ///< evenly spread over `takes`
};

/// One thing that happened to a scripted agent.
struct scripted_start {
  std::string task;
  std::uint32_t attempt = 0;
  time_point started{}, ended{};
  bool cancelled = false;
};

/// An agent that does what a script says and remembers it. Steps are looked up by task id: the first attempt takes the
/// first step, and so on, the last one repeating; tasks without a script take `standard`.
class scripted_agent : public agent {
 public:
  explicit scripted_agent(scripted_step standard = {}) : standard_(std::move(standard)) {}
  scripted_agent& on(std::string task, std::vector<scripted_step> steps);
  scripted_agent& takes(std::string task, duration d) { return on(std::move(task), {scripted_step{d}}); }

  awaitable<result<task_output>> run(task_context context) override;

  const std::vector<scripted_start>& log() const noexcept { return log_; }  ///< in order of start
  const scripted_start* find(std::string_view task) const noexcept;         ///< the last attempt of it
  std::size_t running() const noexcept { return running_; }
  std::size_t peak() const noexcept { return peak_; }

 private:
  scripted_step standard_;
  std::map<std::string, std::vector<scripted_step>, std::less<>> steps_;
  std::vector<scripted_start> log_;
  std::size_t running_ = 0, peak_ = 0;
};

}  // namespace corchestra::testing
