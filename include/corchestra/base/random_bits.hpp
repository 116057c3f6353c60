#pragma once

#include <cstdint>

namespace corchestra {

/// SplitMix64 (Steele, Lea, Flood 2014): advances `state` and gives 64 bits.
inline std::uint64_t next_random_bits(std::uint64_t& state) noexcept {
  std::uint64_t z = state += 0x9E3779B97F4A7C15u;
  z = (z ^ z >> 30) * 0xBF58476D1CE4E5B9u;
  z = (z ^ z >> 27) * 0x94D049BB133111EBu;
  return z ^ z >> 31;
}

/// The same as an object: small, seeded in one step, the same on every platform.
class random_bits {
 public:
  explicit random_bits(std::uint64_t seed = 0) noexcept : state_(seed) {}

  std::uint64_t operator()() noexcept { return next_random_bits(state_); }
  /// In [0, 1), with 53 bits.
  double fraction() noexcept { return static_cast<double>((*this)() >> 11) * 0x1.0p-53; }

 private:
  std::uint64_t state_;
};

}  // namespace corchestra
