#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <string_view>

namespace corchestra::bench {

/// What one program measures, and what is asked of it. `least` and `aim` are limits of the ratio, or of `ours` itself
/// when there is nothing beside it; 0 means none.
struct row {
  std::string_view name;
  std::string_view unit;
  double least = 0;
  double aim = 0;
  bool lower_is_better = true;
  unsigned cores = 1;  ///< the process is bound to so many, and skipped (exit code 77) where there are fewer
};

/// One round of one side, in the row's unit. It checks its own results.
using measurement = std::function<double()>;

/// Runs `rounds` pairs (`--rounds N`, 9), the two sides taking turns to go first, and prints one line of JSON: the
/// medians of both sides and of the rounds' ratios. Without `beside` there is no ratio. Returns the program's exit
/// code.
int measure(int argc, char** argv, const row& what, const measurement& ours, const measurement& beside = {});

/// Ends the program with a message: a measurement of wrong results is none.
void check(bool ok, std::string_view what);

/// Wall time since its construction. For work on one thread it leaves out the time in which that thread was ready to
/// run and another program had the core: waiting for a timer counts, a busy neighbour does not.
class stopwatch {
 public:
  enum class work { on_this_thread, on_several };
  explicit stopwatch(work where = work::on_this_thread);
  double nanoseconds() const;

 private:
  work where_;
  std::uint64_t displaced_ = 0;
  std::chrono::steady_clock::time_point begin_;
};

}  // namespace corchestra::bench
