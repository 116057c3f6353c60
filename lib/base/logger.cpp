#include <corchestra/base/logger.hpp>

#include <array>

#include <corchestra/base/text.hpp>

namespace corchestra {

namespace {
constexpr std::array<std::string_view, 6> level_names{"trace", "debug", "info", "warn", "error", "off"};
}

std::string_view to_string(log_level level) noexcept { return level_names[static_cast<std::size_t>(level)]; }

result<log_level> parse_log_level(std::string_view name) {
  for (std::size_t i = 0; i < level_names.size(); ++i)
    if (level_names[i] == name) return static_cast<log_level>(i);
  return fail(errc::invalid_argument,
              concat(quote(name), " is not a log level: expected trace, debug, info, warn, error or off"));
}

}  // namespace corchestra
