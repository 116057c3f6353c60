#include "log.hpp"

#include <spdlog/logger.h>
#include <spdlog/sinks/ansicolor_sink.h>

namespace corchestra::program {

namespace {

spdlog::level::level_enum to_spdlog(log_level level) {
  switch (level) {
    case log_level::trace:
      return spdlog::level::trace;
    case log_level::debug:
      return spdlog::level::debug;
    case log_level::info:
      return spdlog::level::info;
    case log_level::warn:
      return spdlog::level::warn;
    case log_level::error:
      return spdlog::level::err;
    case log_level::off:
      break;
  }
  return spdlog::level::off;
}

}  // namespace

result<logger> make_log(std::string_view level, bool color) {
  const auto least = parse_log_level(level);
  if (least.has_error()) return in_place(least.error(), "log_level");
  auto out = std::make_shared<spdlog::sinks::ansicolor_stderr_sink_mt>(color ? spdlog::color_mode::always
                                                                             : spdlog::color_mode::never);
  auto spd = std::make_shared<spdlog::logger>("corchestra", std::move(out));
  spd->set_level(to_spdlog(*least));
  spd->set_pattern("%H:%M:%S.%e %^%l%$ %v");
  spd->flush_on(spdlog::level::trace);
  return logger(*least, [spd](log_level l, std::string_view source, std::string_view message) {
    spd->log(to_spdlog(l), "{}: {}", source, message);
  });
}

}  // namespace corchestra::program
