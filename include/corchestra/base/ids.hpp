#pragma once

#include <cstdint>
#include <string>

#include <corchestra/base/time.hpp>

namespace corchestra {

/// UUID version 7 (RFC 9562): sorts by time. `random` are 74 random bits in two words.
std::string make_uuid_v7(wall_time at, std::uint64_t random_high, std::uint64_t random_low);

/// Makes run ids from the system's clock and a generator seeded once by its random device. Not thread-safe.
class run_id_source {
 public:
  run_id_source();
  std::string next();

 private:
  std::uint64_t state_;
};

/// One from a source of its own.
std::string new_run_id();

}  // namespace corchestra
