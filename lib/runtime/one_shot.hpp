#pragma once

#include <memory>
#include <new>
#include <type_traits>
#include <utility>

namespace corchestra::detail {

/// A function to be called once. One of a pointer's size, as Asio's erased functions are, needs no memory of its own.
class one_shot {
 public:
  template <class F>
    requires(!std::is_same_v<std::decay_t<F>, one_shot> && std::is_invocable_v<std::decay_t<F>&>)
  one_shot(F&& f) {  // NOLINT(google-explicit-constructor): as std::function
    using function = std::decay_t<F>;
    if constexpr (fits<function>) {
      ::new (static_cast<void*>(&place_)) function(std::forward<F>(f));
      act_ = [](one_shot& from, one_shot* to, bool call) {
        function& stored = *std::launder(reinterpret_cast<function*>(&from.place_));
        function taken(std::move(stored));
        stored.~function();
        if (to != nullptr) ::new (static_cast<void*>(&to->place_)) function(std::move(taken));
        if (call) taken();
      };
    } else {
      place_ = new function(std::forward<F>(f));
      act_ = [](one_shot& from, one_shot* to, bool call) {
        if (to != nullptr) {
          to->place_ = from.place_;
          return;
        }
        const std::unique_ptr<function> stored(static_cast<function*>(from.place_));
        if (!call) return;
        function taken(std::move(*stored));
        taken();
      };
    }
  }
  one_shot(one_shot&& o) noexcept : act_(std::exchange(o.act_, nullptr)) {
    if (act_ != nullptr) act_(o, this, false);
  }
  one_shot& operator=(one_shot&&) = delete;
  ~one_shot() {
    if (act_ != nullptr) act_(*this, nullptr, false);
  }
  /// It has left its place by then: what it calls may destroy it.
  void operator()() { std::exchange(act_, nullptr)(*this, nullptr, true); }

 private:
  template <class F>
  static constexpr bool fits = sizeof(F) <= sizeof(void*) && alignof(F) <= alignof(void*) && std::is_nothrow_move_constructible_v<F>;

  /// Takes the function out of `from`: into `to`, to call it, or to destroy it.
  void (*act_)(one_shot& from, one_shot* to, bool call);
  void* place_;
};

}  // namespace corchestra::detail
