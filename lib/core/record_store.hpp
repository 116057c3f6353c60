#pragma once

#include <array>
#include <cstddef>
#include <memory>

#include "core/block_index.hpp"
#include "core/place.hpp"

namespace corchestra::detail {

/// Grows at the end, never moves its elements, and can give back the memory of blocks nobody needs any more. The first few, or as many
/// as room was made for, lie in one row that stays; the rest in blocks.
template <class T>
class record_store {
 public:
  static constexpr std::size_t block_size = 8;  // less than a kilobyte of task records, which malloc keeps at hand

  record_store() noexcept {}  // NOLINT(modernize-use-equals-default): that would clear all places
  record_store(const record_store&) = delete;
  ~record_store() {
    for (std::size_t i = 0; i < size_ && i < row_size_; ++i) std::destroy_at(&row_[i].get());
  }

  /// Before the first one: so many, of which none will be forgotten, lie side by side.
  void make_room(std::size_t count) {
    if (size_ > 0 || count <= row_size_) return;
    more_ = std::make_unique_for_overwrite<place<T>[]>(count);
    row_ = more_.get();
    row_size_ = count;
  }

  T& operator[](std::size_t i) noexcept { return i < row_size_ ? row_[i].get() : block_of(i).places[(i - row_size_) % block_size].get(); }
  const T& operator[](std::size_t i) const noexcept { return const_cast<record_store&>(*this)[i]; }

  T& emplace_back() {
    const std::size_t i = size_++;
    if (i < row_size_) return *std::construct_at(&row_[i].get());
    auto& b = blocks_.place(number(i));
    if (!b) b = std::make_unique<block>();
    return *std::construct_at(&b->places[b->made++].get());
  }

  std::size_t size() const noexcept { return size_; }
  bool holds(std::size_t i) const noexcept { return i < size_ && (i < row_size_ || blocks_.find(number(i)) != nullptr); }

  /// No element owns anything: none in the row needs to be destroyed.
  void leave() noexcept { size_ = 0; }

  /// An element nobody will ask for again. Its memory goes when its whole block is done with.
  void forget(std::size_t i) {
    if (i >= row_size_ && ++block_of(i).forgotten == block_size) blocks_.take(number(i));
  }

 private:
  struct block {
    std::array<place<T>, block_size> places;
    std::uint32_t made = 0, forgotten = 0;

    block() noexcept {}  // NOLINT(modernize-use-equals-default): that would clear all places
    block(const block&) = delete;
    ~block() {
      for (std::uint32_t i = 0; i < made; ++i) std::destroy_at(&places[i].get());
    }
  };
  std::size_t number(std::size_t i) const noexcept { return (i - row_size_) / block_size; }
  block& block_of(std::size_t i) const noexcept { return blocks_[number(i)]; }

  std::array<place<T>, block_size> few_;
  std::unique_ptr<place<T>[]> more_;  // NOLINT(modernize-avoid-c-arrays)
  place<T>* row_ = few_.data();
  std::size_t row_size_ = block_size;
  block_index<block> blocks_;
  std::size_t size_ = 0;
};

}  // namespace corchestra::detail
