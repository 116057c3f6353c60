#pragma once

#include <cstddef>
#include <iterator>
#include <memory>
#include <stdexcept>
#include <utility>

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
  result_list(const result_list&) = default;
  result_list(result_list&& o) noexcept : first_(std::move(o.first_)), size_(std::exchange(o.size_, 0)) {}
  result_list& operator=(result_list o) noexcept {
    first_ = std::move(o.first_);
    size_ = o.size_;
    return *this;
  }
  /// Whoever owns the list owns the results too.
  result_list(std::shared_ptr<const task_result* const> first, std::size_t size) noexcept : first_(std::move(first)), size_(size) {}

  std::size_t size() const noexcept { return size_; }
  bool empty() const noexcept { return size() == 0; }
  const task_result& operator[](std::size_t i) const noexcept { return *first_.get()[i]; }
  const task_result& at(std::size_t i) const {
    if (i >= size()) throw std::out_of_range("result_list::at");
    return (*this)[i];
  }
  const task_result& front() const noexcept { return (*this)[0]; }
  const task_result& back() const noexcept { return (*this)[size() - 1]; }
  iterator begin() const noexcept { return iterator(first_.get()); }
  iterator end() const noexcept { return begin() + static_cast<std::ptrdiff_t>(size()); }

 private:
  std::shared_ptr<const task_result* const> first_;
  std::size_t size_ = 0;
};

}  // namespace corchestra
