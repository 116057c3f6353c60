#pragma once

#include <string>

#include <corchestra/agents/process_limits.hpp>

namespace corchestra::detail {

/// A script for `/bin/sh -c SCRIPT sh PROGRAM ARGUMENT...` that sets the limits and becomes the program. That way they
/// are in force before its first instruction: posix_spawn has no attribute for them, and prlimit on a child that runs
/// already comes too late for what it starts at once.
std::string limit_script(const process_limits& limits);

}  // namespace corchestra::detail
