#pragma once

#include <string_view>

#include <corchestra/base/logger.hpp>

namespace corchestra::program {

/// The library's logger on stderr, by spdlog. Error: `invalid_config` for an unknown level.
result<logger> make_log(std::string_view level, bool color);

}  // namespace corchestra::program
