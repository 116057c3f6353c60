#pragma once

#include <string>
#include <vector>

#include "harness.hpp"

namespace corchestra::bench {

/// Measures the calls beside a script that makes them in another language: it is given the server's base URL, the
/// connections and the calls, and by the environment a request, its answer and the key; it prints its calls a second.
int measure_beside(int argc, char** argv, const row& what, const std::vector<std::string>& command, std::size_t calls);

}  // namespace corchestra::bench
