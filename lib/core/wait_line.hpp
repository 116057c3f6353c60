#pragma once

#include <array>
#include <boost/unordered/unordered_flat_map.hpp>
#include <boost/unordered/unordered_flat_set.hpp>
#include <compare>
#include <cstdint>
#include <memory>
#include <map>
#include <set>
#include <vector>

#include <corchestra/base/time.hpp>
#include <corchestra/core/event.hpp>

#include "core/claim.hpp"
#include "core/lock_modes.hpp"

// Who waits in a resource_table, and in which order.
namespace corchestra::detail {

/// Higher ranks first, then those that were parked first: one that never was comes last.
struct by_rank {
  static constexpr std::uint64_t never = ~std::uint64_t{0};

  std::int64_t rank;
  std::uint64_t order;  // of the first parking
  task_index task;
  friend constexpr bool operator==(const by_rank&, const by_rank&) = default;
  friend constexpr std::strong_ordering operator<=>(const by_rank& a, const by_rank& b) noexcept {
    if (a.rank != b.rank) return b.rank <=> a.rank;
    return a.order != b.order ? a.order <=> b.order : a.task <=> b.task;
  }
};

/// Those that have waited longer first, then lower task numbers.
struct by_age {
  time_point since;
  task_index task;
  friend constexpr auto operator<=>(const by_age&, const by_age&) = default;
};

/// A task from its first parking until it is forgotten.
struct waiter {
  task_index task = no_task;
  std::int64_t rank = 0;
  std::uint64_t order = 0;  // of parking for the first time
  time_point first{};  // parked for the first time
  time_point since{};  // parked where it is
  claim at;            // what it lacked last
  bool parked = false, reserving = false;
  std::vector<claim> set;

  by_rank ranked() const noexcept { return {rank, order, task}; }
  by_age aged() const noexcept { return {first, task}; }
};

/// The tasks that are known to wait. Their storage is used again.
class waiting_room {
 public:
  waiter* find(task_index t) const noexcept {
    const auto it = places_.find(t);
    return it == places_.end() ? nullptr : it->second;
  }
  waiter& enter(task_index t) {
    waiter*& place = places_[t];
    if (place != nullptr) return *place;
    if (spare_.empty()) {
      place = all_.emplace_back(std::make_unique<waiter>()).get();
    } else {
      place = spare_.back();
      spare_.pop_back();
    }
    place->task = t;
    place->order = next_order_++;
    return *place;
  }
  void leave(waiter& w) {
    places_.erase(w.task);
    spare_.push_back(&w);
  }
  bool empty() const noexcept { return places_.empty(); }

  std::set<by_age> aging;  // parked, and not yet reserving

 private:
  boost::unordered_flat_map<task_index, waiter*> places_;
  std::vector<std::unique_ptr<waiter>> all_;
  std::vector<waiter*> spare_;
  std::uint64_t next_order_ = 0;
};

/// Those who are parked on a resource with the same mode; for what is not a lock, all of them.
struct wait_line {
  std::set<by_rank> ranked;    // all
  std::set<by_age> reserving;  // those that reserve: served before the others, by age
};

/// What a resource needs only while several tasks have to do with it.
struct crowd {
  boost::unordered_flat_set<task_index> holders;      // but the first
  std::array<std::uint32_t, lock_mode_count> held{};  // their modes
  std::array<wait_line, lock_mode_count> lines;
  std::array<std::map<by_age, std::uint32_t>, lock_mode_count> reserved;  // by mode; the amounts
  std::uint64_t reserved_amount = 0;

  bool anybody_waits() const noexcept {
    for (const auto& l : lines) {
      if (!l.ranked.empty()) return true;
    }
    return false;
  }
  bool needed() const noexcept {
    for (const auto& r : reserved) {
      if (!r.empty()) return true;
    }
    return !holders.empty() || anybody_waits();
  }
};

}  // namespace corchestra::detail
