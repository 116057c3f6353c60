#pragma once

#include <cstdint>
#include <string>

#include <corchestra/base/time.hpp>

namespace corchestra {

/// UUID version 7 (RFC 9562): sorts by time. `random` are 74 random bits in two words.
std::string make_uuid_v7(wall_time at, std::uint64_t random_high, std::uint64_t random_low);

/// The same from the system's clock and random device.
std::string new_run_id();

}  // namespace corchestra
