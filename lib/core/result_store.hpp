#pragma once

#include <algorithm>
#include <array>
#include <boost/container/small_vector.hpp>
#include <cstddef>
#include <memory>
#include <new>
#include <utility>
#include <vector>

#include <corchestra/core/task_result.hpp>

#include "base/fetch.hpp"
#include "core/place.hpp"

namespace corchestra::detail {

/// The results of a run's tasks, which never move. They stand in blocks: few tasks need memory of their own when they
/// end.
class result_store {
 public:
  result_store() noexcept {}  // NOLINT(modernize-use-equals-default): that would clear all places
  result_store(const result_store&) = delete;
  result_store& operator=(const result_store&) = delete;
  ~result_store() {
    for (std::size_t i = 0; i < std::min(made_, first_.size()); ++i) std::destroy_at(&first_[i].get());
    for (const block& b : blocks_) {
      for (std::size_t i = 0; i < b.made; ++i) std::destroy_at(&b.places[i].get());
    }
  }

  /// What `make` returns, made in its place. `expected`: so many are still to come, this one included.
  template <class Make>
  task_result& add(std::size_t expected, Make make) {
    auto& at = next_place(expected);
    fetch_after(at);
    task_result* made = ::new (static_cast<void*>(&at)) task_result(make());
    if (made_++ >= first_.size()) ++blocks_.back().made;
    return *made;
  }

  /// One in memory of its own: where many are cancelled at once, in what their bodies have just given back.
  template <class Make>
  task_result& add_apart(Make make) {
    return *apart_.emplace_back(new task_result(make()));
  }

  boost::container::small_vector<const task_result*, 6> listed;  ///< a run's, for its result_list

 private:
  struct block {
    std::unique_ptr<place<task_result>[]> places;  // NOLINT(modernize-avoid-c-arrays)
    std::size_t size = 0, made = 0;
  };

  // Where many end, the places are written faster than the processor sees to it by itself.
  void fetch_after(const place<task_result>& at) const noexcept {
    constexpr std::size_t ahead = 4;
    if (made_ >= first_.size()) fetch(&at, sizeof(task_result), ahead * sizeof(task_result));
  }

  place<task_result>& next_place(std::size_t expected) {
    if (made_ < first_.size()) return first_[made_];
    if (blocks_.empty() || blocks_.back().made == blocks_.back().size) {
      constexpr std::size_t few = 4, most = 64;
      const std::size_t size = std::clamp<std::size_t>(std::min(expected, std::max(made_, few)), 1, most);
      blocks_.push_back({.places = std::make_unique_for_overwrite<place<task_result>[]>(size), .size = size});
    }
    return blocks_.back().places[blocks_.back().made];
  }

  std::array<place<task_result>, 2> first_;  // with them less than a kilobyte, which malloc keeps at hand
  std::size_t made_ = 0;
  boost::container::small_vector<block, 1> blocks_;
  std::vector<std::unique_ptr<task_result>> apart_;
};

}  // namespace corchestra::detail
