#include "batch/line_states.hpp"

#include <algorithm>

namespace corchestra::batch {

namespace {
constexpr std::uint64_t chunk_bytes = line_states::chunk_lines / 4;
}

line_states::line_states(std::uint64_t lines) : lines_(lines), bits_((lines + 3) / 4, '\0'), counts_{lines, 0, 0} {}

line_state line_states::at(std::uint64_t index) const noexcept {
  const auto byte = static_cast<unsigned char>(bits_[index / 4]);
  return static_cast<line_state>((byte >> (index % 4 * 2)) & 3u);
}

void line_states::set(std::uint64_t index, line_state s) {
  const line_state before = at(index);
  if (before == s) return;
  --counts_[static_cast<std::size_t>(before)];
  ++counts_[static_cast<std::size_t>(s)];
  const unsigned shift = index % 4 * 2;
  auto& byte = bits_[index / 4];
  byte = static_cast<char>((static_cast<unsigned char>(byte) & ~(3u << shift)) | (static_cast<unsigned>(s) << shift));
  changed_.insert(index / chunk_lines);
}

void line_states::replace(line_state from, line_state to) {
  if (count(from) == 0) return;
  for (std::uint64_t i = 0; i < lines_; ++i) {
    if (at(i) == from) set(i, to);
  }
}

std::string_view line_states::chunk(std::uint64_t number) const noexcept {
  return std::string_view(bits_).substr(number * chunk_bytes, chunk_bytes);
}

bool line_states::load_chunk(std::uint64_t number, std::string_view bytes) {
  if (number * chunk_bytes >= bits_.size() || bytes.size() != chunk(number).size()) return false;
  const std::uint64_t first = number * chunk_lines, end = std::min(first + chunk_lines, lines_);
  for (std::uint64_t i = first; i < end; ++i) {
    const std::uint64_t at_byte = (i - first) / 4;
    const unsigned s = (static_cast<unsigned char>(bytes[at_byte]) >> (i % 4 * 2)) & 3u;
    if (s > 2) return false;
    set(i, static_cast<line_state>(s));
  }
  changed_.erase(number);
  return true;
}

}  // namespace corchestra::batch
