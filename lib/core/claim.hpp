#pragma once

#include <cstdint>

#include <corchestra/core/task_call.hpp>

namespace corchestra::detail {

using resource_index = std::uint32_t;

/// One resource of a set, interned. What `amount` and `mode` mean depends on the resource's kind.
struct claim {
  resource_index resource = 0;
  lock_mode mode = lock_mode::exclusive;  // locks
  std::uint32_t amount = 1;               // counters, rates, slot pools

  friend bool operator==(const claim&, const claim&) = default;
};

}  // namespace corchestra::detail
