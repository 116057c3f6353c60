#pragma once

#include <cmath>
#include <cstdint>
#include <numbers>
#include <random>
#include <string_view>

namespace corchestra::testing {

/// 64-bit FNV-1a: the same on every machine.
inline std::uint64_t stable_hash(std::string_view bytes, std::uint64_t seed = 0) noexcept {
  std::uint64_t h = 14695981039346656037ull ^ seed;
  for (const char c : bytes) h = (h ^ static_cast<unsigned char>(c)) * 1099511628211ull;
  return h;
}

/// Random numbers that a seed fixes on every platform (the standard distributions are not so).
class seeded_random {
 public:
  explicit seeded_random(std::uint64_t seed) : engine_(seed) {}

  double uniform() { return static_cast<double>(engine_() >> 11) * 0x1p-53; }  ///< [0, 1)
  std::size_t below(std::size_t n) { return n == 0 ? 0 : static_cast<std::size_t>(engine_() % n); }
  double log_normal(double median, double sigma) {
    const double radius = std::sqrt(-2 * std::log(1 - uniform()));
    const double angle = 2 * std::numbers::pi * uniform();
    return median * std::exp(sigma * radius * std::cos(angle));
  }

 private:
  std::mt19937_64 engine_;
};

}  // namespace corchestra::testing
