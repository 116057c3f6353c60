#pragma once

#include <algorithm>
#include <cstddef>
#include <memory>
#include <type_traits>
#include <utility>

namespace corchestra::detail {

/// A queue in a chain of blocks that grow to a page: nothing is moved, memory goes back as items leave, and an empty
/// one is six pointers. (std::deque takes half a kilobyte at once.)
template <class T>
  requires std::is_trivially_copyable_v<T>
class fifo_chunks {
 public:
  fifo_chunks() noexcept = default;
  fifo_chunks(fifo_chunks&& o) noexcept { swap(o); }
  fifo_chunks(const fifo_chunks& o) {
    const T* item = o.head_;
    for (chunk* c = o.first_; c != nullptr; c = c->next) {
      const T* end = c == o.last_ ? o.tail_ : c->items() + c->capacity;
      for (; item != end; ++item) push_back(*item);
      if (c->next != nullptr) item = c->next->items();
    }
  }
  fifo_chunks& operator=(fifo_chunks o) noexcept {
    swap(o);
    return *this;
  }
  ~fifo_chunks() {
    while (first_ != nullptr) drop_first();
  }

  bool empty() const noexcept { return head_ == tail_; }
  T& front() noexcept { return *head_; }
  const T& front() const noexcept { return *head_; }
  T& back() noexcept { return tail_[-1]; }
  const T& back() const noexcept { return tail_[-1]; }

  void push_back(const T& item) {
    if (tail_ == end_) grow();
    *tail_++ = item;
  }

  void pop_front() noexcept {
    ++head_;
    if (head_ == tail_) {  // the last chunk stays, from its begin
      head_ = tail_ = first_->items();
    } else if (head_ == first_->items() + first_->capacity) {
      drop_first();
      head_ = first_->items();
    }
  }

 private:
  struct alignas(alignof(T) > alignof(void*) ? alignof(T) : alignof(void*)) chunk {
    chunk* next;
    std::size_t capacity;
    T* items() noexcept { return reinterpret_cast<T*>(this + 1); }
  };
  static constexpr std::size_t page = 4096;
  static constexpr std::size_t most = (page - sizeof(chunk)) / sizeof(T);

  void grow() {
    const std::size_t capacity = last_ == nullptr ? 4 : std::min(last_->capacity * 2, most);
    auto* fresh = static_cast<chunk*>(::operator new(sizeof(chunk) + capacity * sizeof(T)));
    std::construct_at(fresh, chunk{nullptr, capacity});
    tail_ = fresh->items();
    end_ = tail_ + capacity;
    if (last_ == nullptr) {
      first_ = fresh;
      head_ = tail_;
    } else {
      last_->next = fresh;
    }
    last_ = fresh;
  }

  void drop_first() noexcept { ::operator delete(std::exchange(first_, first_->next)); }

  void swap(fifo_chunks& o) noexcept {
    std::swap(first_, o.first_);
    std::swap(last_, o.last_);
    std::swap(head_, o.head_);
    std::swap(tail_, o.tail_);
    std::swap(end_, o.end_);
  }

  chunk *first_ = nullptr, *last_ = nullptr;
  T *head_ = nullptr, *tail_ = nullptr, *end_ = nullptr;  // `tail_` and `end_` in the last chunk
};

}  // namespace corchestra::detail
