#pragma once

#include <cstddef>
#include <functional>
#include <string>
#include <string_view>

namespace corchestra::detail {

/// Reads a command's stderr piece by piece: progress lines (`CORCHESTRA_PROGRESS 0.5 message`) are reported, the end of
/// everything else is kept for a failure's message.
class stderr_reader {
 public:
  using progress_callback = std::function<void(double fraction, std::string_view message)>;

  explicit stderr_reader(progress_callback on_progress, std::size_t max_tail = 2048)
      : on_progress_(std::move(on_progress)), max_tail_(max_tail) {}

  void feed(std::string_view piece);
  /// The last bytes that were no progress; a last line without a line break counts.
  std::string tail() const;

 private:
  void take_line(std::string_view line);
  void keep(std::string_view text);

  progress_callback on_progress_;
  std::size_t max_tail_;
  std::string line_, tail_;
};

}  // namespace corchestra::detail
