#pragma once

#include <string_view>

namespace corchestra {

/// The library's version; CMake reads it from here.
inline constexpr std::string_view version = "0.1.0";

}  // namespace corchestra
