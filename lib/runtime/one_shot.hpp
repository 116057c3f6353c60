#pragma once

#include <cstddef>
#include <memory>
#include <new>
#include <type_traits>
#include <utility>

namespace corchestra::detail {

/// A function to be called once, or nothing. One of at most `room` bytes needs no memory of its own.
template <std::size_t room>
class one_shot {
 public:
  one_shot() noexcept = default;
  template <class F>
    requires(!std::is_same_v<std::decay_t<F>, one_shot> && std::is_invocable_v<std::decay_t<F>&>)
  one_shot(F&& f) {  // NOLINT(google-explicit-constructor): as std::function
    using function = std::decay_t<F>;
    if constexpr (fits<function>) {
      ::new (static_cast<void*>(place_)) function(std::forward<F>(f));
      act_ = [](one_shot& from, one_shot* to, bool call) {
        function& stored = *std::launder(reinterpret_cast<function*>(from.place_));
        function taken(std::move(stored));
        stored.~function();
        if (to != nullptr) ::new (static_cast<void*>(to->place_)) function(std::move(taken));
        if (call) taken();
      };
    } else {
      pointer() = new function(std::forward<F>(f));
      act_ = [](one_shot& from, one_shot* to, bool call) {
        if (to != nullptr) {
          to->pointer() = from.pointer();
          return;
        }
        const std::unique_ptr<function> stored(static_cast<function*>(from.pointer()));
        if (!call) return;
        function taken(std::move(*stored));
        taken();
      };
    }
  }
  one_shot(one_shot&& o) noexcept : act_(std::exchange(o.act_, nullptr)) {
    if (act_ != nullptr) act_(o, this, false);
  }
  one_shot& operator=(one_shot&& o) noexcept {
    if (this == &o) return *this;
    reset();
    act_ = std::exchange(o.act_, nullptr);
    if (act_ != nullptr) act_(o, this, false);
    return *this;
  }
  ~one_shot() { reset(); }

  explicit operator bool() const noexcept { return act_ != nullptr; }
  /// It has left its place by then: what it calls may put another one there, or destroy it.
  void operator()() { std::exchange(act_, nullptr)(*this, nullptr, true); }
  void reset() noexcept {
    if (act_ != nullptr) std::exchange(act_, nullptr)(*this, nullptr, false);
  }

 private:
  template <class F>
  static constexpr bool fits = sizeof(F) <= room && alignof(F) <= alignof(void*) && std::is_nothrow_move_constructible_v<F>;
  static_assert(room >= sizeof(void*));

  void*& pointer() noexcept { return *reinterpret_cast<void**>(place_); }

  /// Takes the function out of `from`: into `to`, to call it, or to destroy it.
  void (*act_)(one_shot& from, one_shot* to, bool call) = nullptr;
  alignas(void*) std::byte place_[room];  // NOLINT(modernize-avoid-c-arrays)
};

}  // namespace corchestra::detail
