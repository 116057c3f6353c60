#pragma once

#include <cstddef>
#include <iterator>
#include <memory>
#include <stdexcept>
#include <vector>

#include <corchestra/core/task_result.hpp>

namespace corchestra {

/// The results of a run, in listing order. Immutable; copies share them.
class result_list {
 public:
  class iterator {
   public:
    using iterator_category = std::random_access_iterator_tag;
    using value_type = task_result;
    using difference_type = std::ptrdiff_t;
    using pointer = const task_result*;
    using reference = const task_result&;

    iterator() noexcept = default;
    explicit iterator(const task_result* const* at) noexcept : at_(at) {}
    reference operator*() const noexcept { return **at_; }
    pointer operator->() const noexcept { return *at_; }
    reference operator[](difference_type n) const noexcept { return *at_[n]; }
    iterator& operator++() noexcept { return ++at_, *this; }
    iterator operator++(int) noexcept { return iterator(at_++); }
    iterator& operator--() noexcept { return --at_, *this; }
    iterator operator--(int) noexcept { return iterator(at_--); }
    iterator& operator+=(difference_type n) noexcept { return at_ += n, *this; }
    iterator& operator-=(difference_type n) noexcept { return at_ -= n, *this; }
    friend iterator operator+(iterator i, difference_type n) noexcept { return i += n; }
    friend iterator operator+(difference_type n, iterator i) noexcept { return i += n; }
    friend iterator operator-(iterator i, difference_type n) noexcept { return i -= n; }
    friend difference_type operator-(iterator a, iterator b) noexcept { return a.at_ - b.at_; }
    friend auto operator<=>(iterator a, iterator b) noexcept = default;

   private:
    const task_result* const* at_ = nullptr;
  };
  using const_iterator = iterator;
  using value_type = task_result;

  result_list() = default;
  /// Whoever owns the list owns the results too.
  explicit result_list(std::shared_ptr<const std::vector<const task_result*>> all) noexcept : all_(std::move(all)) {}

  std::size_t size() const noexcept { return all_ ? all_->size() : 0; }
  bool empty() const noexcept { return size() == 0; }
  const task_result& operator[](std::size_t i) const noexcept { return *(*all_)[i]; }
  const task_result& at(std::size_t i) const {
    if (i >= size()) throw std::out_of_range("result_list::at");
    return (*this)[i];
  }
  const task_result& front() const noexcept { return (*this)[0]; }
  const task_result& back() const noexcept { return (*this)[size() - 1]; }
  iterator begin() const noexcept { return iterator(all_ ? all_->data() : nullptr); }
  iterator end() const noexcept { return begin() + static_cast<std::ptrdiff_t>(size()); }

 private:
  std::shared_ptr<const std::vector<const task_result*>> all_;
};

}  // namespace corchestra
