#pragma once

#include <array>
#include <cstddef>
#include <memory>

#include "core/block_index.hpp"
#include "core/place.hpp"

namespace corchestra::detail {

/// Grows at the end, never moves its elements, and can give back the memory of blocks nobody needs any more.
template <class T>
class record_store {
 public:
  static constexpr std::size_t block_size = 8;  // less than a kilobyte of task records, which malloc keeps at hand

  T& operator[](std::size_t i) noexcept { return blocks_[i / block_size].at(i % block_size); }
  const T& operator[](std::size_t i) const noexcept { return blocks_[i / block_size].at(i % block_size); }

  T& emplace_back() {
    if (size_ % block_size == 0) blocks_.place(size_ / block_size) = std::make_unique<block>();
    block& b = blocks_[size_++ / block_size];
    return *std::construct_at(&b.at(b.made++));
  }

  std::size_t size() const noexcept { return size_; }
  bool holds(std::size_t i) const noexcept { return i < size_ && blocks_.find(i / block_size) != nullptr; }

  /// An element nobody will ask for again. Its memory goes when its whole block is done with.
  void forget(std::size_t i) {
    if (++blocks_[i / block_size].forgotten == block_size) blocks_.take(i / block_size);
  }

 private:
  struct block {
    std::array<place<T>, block_size> places;
    std::uint32_t made = 0, forgotten = 0;

    block() noexcept {}  // NOLINT(modernize-use-equals-default): that would clear all places
    block(const block&) = delete;
    ~block() {
      for (std::uint32_t i = 0; i < made; ++i) std::destroy_at(&at(i));
    }
    T& at(std::size_t i) noexcept { return places[i].get(); }
  };
  block_index<block> blocks_;
  std::size_t size_ = 0;
};

}  // namespace corchestra::detail
