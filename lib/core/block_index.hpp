#pragma once

#include <boost/container/small_vector.hpp>
#include <cassert>
#include <cstddef>
#include <memory>

namespace corchestra::detail {

/// Blocks by number, as numbers rise. Those given back at the front take no memory, those in between a pointer.
template <class Block>
class block_index {
 public:
  /// Null when it was given back, or never made.
  Block* find(std::size_t b) const noexcept { return b - first_ < blocks_.size() ? blocks_[b - first_].get() : nullptr; }
  Block& operator[](std::size_t b) const noexcept { return *blocks_[b - first_]; }
  std::size_t end() const noexcept { return first_ + blocks_.size(); }

  /// At the end or before it, but not at the front.
  std::unique_ptr<Block>& place(std::size_t b) {
    assert(b >= first_);
    if (b >= end()) blocks_.resize(b - first_ + 1);
    return blocks_[b - first_];
  }
  std::unique_ptr<Block> take(std::size_t b) {
    std::unique_ptr<Block> taken = std::move(blocks_[b - first_]);
    if (b - first_ == gone_) drop_front();
    return taken;
  }

 private:
  void drop_front() {
    while (gone_ < blocks_.size() && !blocks_[gone_]) ++gone_;
    if (gone_ < 64 || gone_ < blocks_.size() / 2) return;
    blocks_.erase(blocks_.begin(), blocks_.begin() + static_cast<std::ptrdiff_t>(gone_));
    first_ += gone_;
    gone_ = 0;
  }

  boost::container::small_vector<std::unique_ptr<Block>, 2> blocks_;
  std::size_t first_ = 0;  // number of the first of them
  std::size_t gone_ = 0;   // given back at the front
};

}  // namespace corchestra::detail
