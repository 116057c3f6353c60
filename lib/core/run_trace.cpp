#include <corchestra/core/run_trace.hpp>

#include <corchestra/base/random_bits.hpp>

namespace corchestra {

namespace {

std::uint64_t mix(std::uint64_t state, std::uint64_t word) noexcept {
  state ^= word;
  return next_random_bits(state);
}

std::uint64_t hash(std::string_view text, std::uint64_t seed) noexcept {
  for (const char c : text) seed = mix(seed, static_cast<unsigned char>(c));
  return seed;
}

// The 32 hexadecimal digits of a UUID; none when it is something else.
trace_id digits_of(std::string_view uuid) noexcept {
  trace_id id;
  int count = 0;
  for (const char c : uuid) {
    if (c == '-') continue;
    const int digit = c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
    if (digit < 0 || ++count > 32) return {};
    std::uint64_t& half = count <= 16 ? id.high : id.low;
    half = half << 4 | static_cast<std::uint64_t>(digit);
  }
  return count == 32 ? id : trace_id{};
}

}  // namespace

run_trace::run_trace(std::string_view run_id, const trace_context& parent) : trace_(parent.trace) {
  if (trace_.none()) trace_ = digits_of(run_id);
  if (trace_.none()) trace_ = {hash(run_id, 1), hash(run_id, 2) | 1};
  seed_ = hash(run_id, mix(trace_.high, trace_.low));
}

span_id run_trace::of(std::uint64_t kind, std::uint64_t task, std::uint64_t attempt, std::uint64_t n) const noexcept {
  const std::uint64_t id = mix(mix(mix(mix(seed_, kind), task), attempt), n);
  return id == 0 ? 1 : id;
}

}  // namespace corchestra
