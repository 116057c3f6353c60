#pragma once

#include <cstdint>
#include <optional>

#include "plan/field.hpp"

namespace corchestra::plan_file {

/// A number of bytes, or a text such as `512MiB` or `1.5GB`.
std::uint64_t read_byte_size(const field& f, std::uint64_t least);

}  // namespace corchestra::plan_file
