#pragma once

#include <array>
#include <cstddef>

#include <corchestra/core/task_call.hpp>

// What the modes of a lock allow beside each other, as sets of modes: bit m stands for the mode with the value m.
namespace corchestra::detail {

inline constexpr std::size_t lock_mode_count = 4;

constexpr unsigned bit(lock_mode m) noexcept { return 1U << static_cast<unsigned>(m); }

/// The modes that others may not hold beside `m`. Symmetric.
constexpr unsigned conflicts(lock_mode m) noexcept {
  using enum lock_mode;
  constexpr std::array<unsigned, lock_mode_count> table{
      bit(exclusive) | bit(shared) | bit(intent_exclusive) | bit(intent_shared),  // exclusive
      bit(exclusive) | bit(intent_exclusive),                                     // shared
      bit(exclusive) | bit(shared),                                               // intent_exclusive
      bit(exclusive),                                                             // intent_shared
  };
  return table[static_cast<std::size_t>(m)];
}

constexpr bool compatible(lock_mode a, lock_mode b) noexcept { return (conflicts(a) & bit(b)) == 0; }

/// The weakest mode that gives the rights of both.
constexpr lock_mode joined(lock_mode a, lock_mode b) noexcept {
  using enum lock_mode;
  if (a == b || b == intent_shared) return a;
  if (a == intent_shared) return b;
  return exclusive;  // shared and intent_exclusive, or either with exclusive
}

/// The mode to be held on every folder above a path that is locked so.
constexpr lock_mode intent(lock_mode m) noexcept {
  using enum lock_mode;
  return m == exclusive || m == intent_exclusive ? intent_exclusive : intent_shared;
}

}  // namespace corchestra::detail
