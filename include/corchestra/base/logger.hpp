#pragma once

#include <functional>
#include <string_view>

#include <corchestra/base/error.hpp>

namespace corchestra {

enum class log_level { trace, debug, info, warn, error, off };

std::string_view to_string(log_level level) noexcept;
/// Accepts the names above. Error: `invalid_argument`.
result<log_level> parse_log_level(std::string_view name);

/// Where the library's log lines go: nowhere unless the application connects a sink (spdlog, for instance).
/// The sink may be called from any thread that runs the library; it must not throw.
class logger {
 public:
  using sink = std::function<void(log_level, std::string_view source, std::string_view message)>;

  logger() = default;
  logger(log_level least, sink s) : least_(least), sink_(std::move(s)) {}

  bool enabled(log_level level) const noexcept { return sink_ && level >= least_; }
  /// `source` is the layer's name, `message` one line without a line break.
  void log(log_level level, std::string_view source, std::string_view message) const {
    if (enabled(level)) sink_(level, source, message);
  }
  void debug(std::string_view source, std::string_view message) const { log(log_level::debug, source, message); }
  void info(std::string_view source, std::string_view message) const { log(log_level::info, source, message); }
  void warn(std::string_view source, std::string_view message) const { log(log_level::warn, source, message); }
  void error(std::string_view source, std::string_view message) const { log(log_level::error, source, message); }

 private:
  log_level least_ = log_level::off;
  sink sink_;
};

}  // namespace corchestra
