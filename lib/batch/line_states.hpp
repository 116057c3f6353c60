#pragma once

#include <cstdint>
#include <set>
#include <string>
#include <string_view>
#include <utility>

namespace corchestra::batch {

enum class line_state : std::uint8_t { pending, done, failed };

/// What became of each request: two bits each, in chunks that remember whether they have changed. Pure.
class line_states {
 public:
  static constexpr std::uint64_t chunk_lines = 8192;

  explicit line_states(std::uint64_t lines = 0);

  std::uint64_t size() const noexcept { return lines_; }
  line_state at(std::uint64_t index) const noexcept;
  void set(std::uint64_t index, line_state s);
  /// Every request that is in one state goes to another.
  void replace(line_state from, line_state to);
  std::uint64_t count(line_state s) const noexcept { return counts_[static_cast<std::size_t>(s)]; }

  /// Numbers of the chunks that were changed since the last call.
  std::set<std::uint64_t> take_changed() { return std::exchange(changed_, {}); }
  std::string_view chunk(std::uint64_t number) const noexcept;
  /// Whether its size fits, and its states are known ones.
  bool load_chunk(std::uint64_t number, std::string_view bytes);

 private:
  std::uint64_t lines_;
  std::string bits_;  // four requests a byte
  std::uint64_t counts_[3];
  std::set<std::uint64_t> changed_;
};

}  // namespace corchestra::batch
