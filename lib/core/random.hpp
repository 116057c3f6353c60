#pragma once

#include <cstdint>

namespace corchestra::detail {

/// SplitMix64 (Steele, Lea, Flood 2014; public domain constants): small, seeded in one step, the same on every platform.
class random_bits {
 public:
  explicit random_bits(std::uint64_t seed = 0) noexcept : state_(seed) {}

  std::uint64_t operator()() noexcept {
    std::uint64_t z = state_ += 0x9E3779B97F4A7C15u;
    z = (z ^ z >> 30) * 0xBF58476D1CE4E5B9u;
    z = (z ^ z >> 27) * 0x94D049BB133111EBu;
    return z ^ z >> 31;
  }
  /// In [0, 1), with 53 bits.
  double fraction() noexcept { return static_cast<double>((*this)() >> 11) * 0x1.0p-53; }

 private:
  std::uint64_t state_;
};

}  // namespace corchestra::detail
