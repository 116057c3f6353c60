#include <corchestra/base/ids.hpp>

#include <chrono>
#include <ctime>
#include <random>

#include <corchestra/base/random_bits.hpp>

namespace corchestra {

std::string make_uuid_v7(wall_time at, std::uint64_t random_high, std::uint64_t random_low) {
  const auto ms = static_cast<std::uint64_t>(at.time_since_epoch().count()) & 0xFFFF'FFFF'FFFFu;
  const std::uint64_t high = ms << 16 | 0x7000u | (random_high & 0x0FFFu);
  const std::uint64_t low = (random_low & 0x3FFF'FFFF'FFFF'FFFFu) | 0x8000'0000'0000'0000u;
  static constexpr char digits[] = "0123456789abcdef";
  std::string out(36, '-');
  char* digit = out.data();
  const auto write = [&](std::uint64_t word, int from, int to) {
    for (int shift = from; shift > to; shift -= 4) *digit++ = digits[word >> (shift - 4) & 15];
  };
  write(high, 64, 32), ++digit;
  write(high, 32, 16), ++digit;
  write(high, 16, 0), ++digit;
  write(low, 64, 48), ++digit;
  write(low, 48, 0);
  return out;
}

run_id_source::run_id_source() {
  std::random_device device;
  state_ = std::uint64_t{device()} << 32 | device();
}

std::string run_id_source::next() {
  timespec now{};
  clock_gettime(CLOCK_REALTIME_COARSE, &now);  // a tick of some milliseconds is enough to sort by, and costs less
  const wall_time at{std::chrono::milliseconds(now.tv_sec * 1000 + now.tv_nsec / 1'000'000)};
  const std::uint64_t high = next_random_bits(state_);
  return make_uuid_v7(at, high, next_random_bits(state_));
}

std::string new_run_id() { return run_id_source().next(); }

}  // namespace corchestra
