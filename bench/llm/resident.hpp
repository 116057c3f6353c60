#pragma once

#include <functional>

#include "llm/two_cores.hpp"

namespace corchestra::bench {

/// How much memory a copy of this process takes more, at its highest, while it does `work`.
double resident_bytes_of(const two_cores& cores, const std::function<void()>& work);

}  // namespace corchestra::bench
