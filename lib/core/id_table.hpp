#pragma once

#include <algorithm>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string_view>
#include <utility>
#include <vector>

namespace corchestra::detail {

/// From ids to their numbers, where the ids are kept elsewhere: 4 bytes a slot, at least two slots an id. A slot holds
/// the number and, in the bits left over, part of the hash, so that few other ids are looked at.
///
/// Many look-ups at once go fastest in steps, over a block of ids, as each step has the memory of the next one fetched:
/// `hash` and `prefetch`; `candidate`; `find`.
class id_table {
 public:
  static constexpr std::uint32_t none = ~std::uint32_t{0};

  /// For at most `count` ids, numbered below it; drops all.
  void reset(std::size_t count) {
    slots_.assign(std::bit_ceil(count * 2 + 1), 0);
    number_bits_ = (std::uint64_t{1} << std::bit_width(count)) - 1;
    count_ = 0;
  }
  /// For `count` ids, numbered below `numbers`; keeps what there is.
  template <class IdOf>
  void reserve(std::size_t count, std::uint32_t numbers, const IdOf& id_of) {
    if (count * 2 + 1 <= slots_.size() && numbers <= number_bits_) return;
    const auto old = std::exchange(slots_, std::vector<std::uint32_t>(std::max(slots_.size(), std::bit_ceil(count * 2 + 1))));
    const auto old_bits = std::exchange(number_bits_, (std::uint64_t{1} << std::bit_width(numbers)) - 1);
    for (const std::uint32_t slot : old) {
      if (slot == 0) continue;
      const auto n = static_cast<std::uint32_t>(slot & old_bits) - 1;
      put(free_place(hash(id_of(n))), n, hash(id_of(n)));
    }
  }
  std::size_t size() const noexcept { return count_; }

  static std::uint64_t hash(std::string_view id) noexcept {
    const std::size_t size = id.size();
    const char* const end = id.data() + size;
    std::uint64_t h = size * 0x9E3779B97F4A7C15u;
    if (size >= 8) {
      for (const char* at = id.data(); end - at > 8; at += 8) h = mix(h, load<std::uint64_t>(at));
      return mix(h, load<std::uint64_t>(end - 8));
    }
    if (size >= 4) return mix(h, std::uint64_t{load<std::uint32_t>(id.data())} << 32 | load<std::uint32_t>(end - 4));
    for (const char c : id) h = h << 8 ^ static_cast<unsigned char>(c);
    return mix(h, size);
  }

  void prefetch(std::uint64_t hash) const noexcept { __builtin_prefetch(&slots_[place(hash)]); }

  /// The first number that may be it.
  std::uint32_t candidate(std::uint64_t hash) const noexcept {
    if (slots_.empty()) return none;
    for (std::size_t i = place(hash);; i = next(i)) {
      if (slots_[i] == 0) return none;
      if (same_tag(slots_[i], hash)) return number(slots_[i]);
    }
  }

  /// `id_of(n)` is the id of number n.
  template <class IdOf>
  std::uint32_t find(std::string_view id, std::uint64_t hash, const IdOf& id_of) const {
    if (slots_.empty()) return none;
    for (std::size_t i = place(hash);; i = next(i)) {
      if (slots_[i] == 0) return none;
      if (same_tag(slots_[i], hash) && id_of(number(slots_[i])) == id) return number(slots_[i]);
    }
  }

  /// False, and no change, when the id is there already.
  template <class IdOf>
  bool insert(std::uint32_t n, std::uint64_t hash, const IdOf& id_of) {
    for (std::size_t i = place(hash);; i = next(i)) {
      if (slots_[i] == 0) {
        put(i, n, hash);
        ++count_;
        return true;
      }
      if (same_tag(slots_[i], hash) && id_of(number(slots_[i])) == id_of(n)) return false;
    }
  }
  /// Takes out a number that is there. Those after it move up, so that no mark is left.
  template <class IdOf>
  void erase(std::uint32_t n, std::uint64_t hash, const IdOf& id_of) {
    std::size_t hole = place(hash);
    while (number(slots_[hole]) != n) hole = next(hole);
    for (std::size_t i = next(hole); slots_[i] != 0; i = next(i)) {
      const std::size_t home = place(id_table::hash(id_of(number(slots_[i]))));
      const std::size_t mask = slots_.size() - 1;
      if (((i - home) & mask) < ((i - hole) & mask)) continue;
      slots_[hole] = slots_[i];
      hole = i;
    }
    slots_[hole] = 0;
    --count_;
  }

 private:
  template <class Word>
  static Word load(const char* at) noexcept {
    Word w;
    std::memcpy(&w, at, sizeof w);
    return w;
  }
  static std::uint64_t mix(std::uint64_t h, std::uint64_t w) noexcept {
    h = (h ^ w) * 0xD6E8FEB86659FD93u;
    h = (h ^ (h >> 32)) * 0xD6E8FEB86659FD93u;
    return h ^ (h >> 29);
  }

  // The place comes from the hash's high half, the tag from its low half.
  std::size_t place(std::uint64_t hash) const noexcept { return (hash >> 32) & (slots_.size() - 1); }
  std::size_t next(std::size_t i) const noexcept { return (i + 1) & (slots_.size() - 1); }
  bool same_tag(std::uint32_t slot, std::uint64_t hash) const noexcept {
    return ((slot ^ static_cast<std::uint32_t>(hash)) & ~static_cast<std::uint32_t>(number_bits_)) == 0;
  }
  std::uint32_t number(std::uint32_t slot) const noexcept {
    return (slot & static_cast<std::uint32_t>(number_bits_)) - 1;
  }

  std::size_t free_place(std::uint64_t hash) const noexcept {
    std::size_t i = place(hash);
    while (slots_[i] != 0) i = next(i);
    return i;
  }
  void put(std::size_t i, std::uint32_t n, std::uint64_t hash) noexcept {
    slots_[i] = static_cast<std::uint32_t>((hash & ~number_bits_) | (std::uint64_t{n} + 1));
  }

  std::vector<std::uint32_t> slots_;  // 0: free; none before `reset` or `reserve`
  std::uint64_t number_bits_ = 0;
  std::size_t count_ = 0;
};

}  // namespace corchestra::detail
