#pragma once

#include <array>
#include <cstddef>
#include <memory>
#include <vector>

namespace corchestra::detail {

/// Grows at the end, never moves its elements, and can give back the memory of blocks nobody needs any more.
template <class T>
class record_store {
 public:
  static constexpr std::size_t block_size = 16;  // small, so that small runs cost little

  T& operator[](std::size_t i) noexcept { return blocks_[i / block_size]->at[i % block_size]; }
  const T& operator[](std::size_t i) const noexcept { return blocks_[i / block_size]->at[i % block_size]; }

  T& emplace_back() {
    if (size_ % block_size == 0) blocks_.push_back(std::make_unique<block>());
    return (*this)[size_++];
  }

  std::size_t size() const noexcept { return size_; }
  bool holds(std::size_t i) const noexcept { return i < size_ && blocks_[i / block_size] != nullptr; }

  /// An element nobody will ask for again. Its memory goes when its whole block is done with.
  void forget(std::size_t i) {
    auto& b = blocks_[i / block_size];
    if (++b->forgotten == block_size) b.reset();
  }

 private:
  struct block {
    std::array<T, block_size> at;
    std::size_t forgotten = 0;
  };
  std::vector<std::unique_ptr<block>> blocks_;
  std::size_t size_ = 0;
};

}  // namespace corchestra::detail
